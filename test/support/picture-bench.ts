/** A Steward whose model draws what a test gives it, and a folder that its scripts may write pictures to. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ContractInput } from '../../src/domain/contract.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'
import { listCosts } from '../../src/main/store/costs.ts'
import { ManualClock } from './manual-clock.ts'
import { PaidModel } from './paid-model.ts'
import { signpost } from './picture-maker.ts'
import { createWorld } from './world.ts'
import type { World } from './world.ts'

export const PICTURE = await signpost(64, 48).png().toBuffer()
export const HASH = createHash('sha256').update(PICTURE).digest('hex')
export const DRAW = `const { picture } = await generate({ prompt: 'a fox' })`

export const caught = (body: string) =>
  `try { ${body} } catch (e) { return { code: e.code, message: e.message } }`

export function drawingScript(body: string): string {
  return `
    import { generate, save } from 'tools/images'
    import { sleep } from 'tools/flow'
    import { get, set } from 'tools/state'
    export default async function run(event) { ${body} }`
}

export class PictureBench {
  readonly clock = new ManualClock()
  readonly model = new PaidModel()
  readonly folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-pictures-'))
  /** Told of every point that the core comes by. */
  onPoint: (point: FaultPoint) => void = () => undefined
  #world: World | null = null

  static async open(): Promise<PictureBench> {
    const bench = new PictureBench()
    bench.model.picture = () => PICTURE
    await bench.#begin()
    return bench
  }

  get world(): World {
    if (this.#world === null) throw new Error('the world has not begun')
    return this.#world
  }

  async #begin(folder?: string): Promise<void> {
    this.#world = await createWorld({
      clock: this.clock,
      models: this.model,
      fault: point => {
        this.onPoint(point)
      },
      ...(folder === undefined ? {} : { folder }),
    })
    this.model.store = this.world.store
  }

  /** Lets the core end and begin again on the same folder. */
  async again(): Promise<void> {
    await this.world.stop()
    await this.#begin(this.world.folder)
  }

  async close(): Promise<void> {
    await this.world.stop()
    for (const used of [this.world.folder, this.folder]) fs.rmSync(used, { recursive: true, force: true })
  }

  at(name: string): string {
    return path.join(this.folder, name)
  }

  /** The same as a script names it. */
  to(name: string): string {
    return JSON.stringify(this.at(name))
  }

  contract(more: Partial<ContractInput> = {}): Partial<ContractInput> {
    return {
      uses: ['tools/images', 'tools/flow', 'tools/state'],
      models: true,
      budget: { costPerRunMicros: 1_000, costPerDayMicros: 10_000 },
      changes: [{ tool: 'images.save', paths: [this.folder], approval: 'never' }],
      ...more,
    }
  }

  install(body: string, more: Partial<ContractInput> = {}, name = 'draws'): Promise<string> {
    return this.world.install(name, drawingScript(body), this.contract(more))
  }

  costs() {
    return listCosts(this.world.store, 50).map(({ micros, state, tool }) => ({ micros, state, tool }))
  }
}
