/** The scorer is worth what its judgement of known models is: one that does it right, and some that do not. */
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCompute } from '../src/main/tools/compute/pool.ts'
import { pdfTools } from '../src/main/tools/pdf.ts'
import { createWorld, tempFolder } from '../test/support/world.ts'
import type { World } from '../test/support/world.ts'
import { INTENTS } from './intents/all.ts'
import type { ListedModel } from './models/listed.ts'
import { oracle } from './models/oracle.ts'
import { Scene } from './scene.ts'
import { scoreOf } from './score.ts'
import type { Score } from './score.ts'
import { attempt } from './try.ts'
import { ZONE } from './triggers.ts'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

/** All of them in one world, each in its own folder. */
class Room {
  readonly #world: World
  readonly #model: ListedModel
  readonly #compute: ReturnType<typeof createCompute>

  private constructor(world: World, model: ListedModel, compute: ReturnType<typeof createCompute>) {
    this.#world = world
    this.#model = model
    this.#compute = compute
  }

  static async open(model: ListedModel): Promise<Room> {
    const folder = tempFolder()
    const compute = createCompute()
    const gallery = { home: path.join(folder, 'person'), zone: ZONE }
    const world = await createWorld({ folder, models: model, gallery, tools: pdfTools(compute) })
    return new Room(world, model, compute)
  }

  async score(id: string): Promise<Score> {
    const intent = INTENTS.find(one => one.id === id)
    if (intent === undefined) throw new Error(`there is no intent ${id}`)
    const situated = await scene.place(intent, path.join(this.#world.folder, 'person', id))
    this.#model.knows(situated)
    return scoreOf(situated, await attempt(this.#world.engine, situated, new AbortController().signal))
  }

  async close(): Promise<void> {
    await this.#world.stop()
    await this.#compute.close()
    fs.rmSync(this.#world.folder, { recursive: true, force: true })
  }
}

describe('a model that does it right', () => {
  let room: Room
  beforeAll(async () => {
    room = await Room.open(oracle())
  })
  afterAll(() => room.close())

  it.each(INTENTS.map(({ id }) => id))(
    'P3 O2 comes to the least contract and the right effects: %s',
    async id => {
      expect(await room.score(id)).toMatchObject({ reasons: [], pass: true })
    },
  )
})
