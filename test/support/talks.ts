/** Conversations for tests, in a world: a chat, what is said in it, and what was answered once nothing plays any more. */
import type { SetUpView } from '../../src/main/engine/views/set-ups.ts'
import { setUpView } from '../../src/main/engine/views/set-ups.ts'
import type { World } from './world.ts'

const LONGEST_MS = 30_000

export class Talk {
  readonly world: World
  readonly chatId: string

  constructor(world: World, chatId: string) {
    this.world = world
    this.chatId = chatId
  }

  static async begin(world: World): Promise<Talk> {
    return new Talk(world, await world.engine.edits.createChat('A chat'))
  }

  async say(...messages: readonly string[]): Promise<SetUpView> {
    for (const message of messages) {
      await this.world.engine.conversations.setUps.say(this.chatId, message)
      await this.rest()
    }
    return this.view()
  }

  rest(): Promise<void> {
    return this.world.engine.conversations.setUps.rest(this.chatId, LONGEST_MS, new AbortController().signal)
  }

  view(): SetUpView {
    const view = setUpView(this.world.engine, this.chatId)
    if (view === undefined) throw new Error('nothing was said yet')
    return view
  }
}
