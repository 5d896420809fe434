/**
 * What is said in a chat, and who answers: a model that plans, where one is connected, or the gallery without any. A
 * conversation stays with whom it began with.
 */
import { Plans } from './planning/plans.ts'
import type { PlanRoom } from './planning/room.ts'
import { SetUps } from './set-up/set-ups.ts'
import type { Spoken } from './set-up/set-ups.ts'

export class Conversations {
  readonly plans: Plans
  readonly setUps: SetUps

  constructor(room: PlanRoom) {
    this.plans = new Plans(room)
    this.setUps = new SetUps(room.context, { install: room.install, gallery: room.gallery })
  }

  async resume(isCopy: boolean): Promise<void> {
    this.setUps.resume()
    await this.plans.resume(isCopy)
  }

  stopAll(): void {
    this.setUps.stop()
    this.plans.stopAll()
  }

  /** `to`: counts only where the conversation has had so many turns. */
  say(chatId: string, text: string, to?: number): Promise<Spoken> {
    return this.plans.takes(chatId) ? this.plans.say(chatId, text, to) : this.setUps.say(chatId, text, to)
  }

  /** Resolves when nothing is worked on in this chat, `ms` have passed, or `closing` says so. */
  async rest(chatId: string, ms: number, closing: AbortSignal): Promise<void> {
    await this.plans.rest(chatId, ms, closing)
    await this.setUps.rest(chatId, ms, closing)
  }
}
