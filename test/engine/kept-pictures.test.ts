/** Pictures are imagined in a rehearsal, and kept for as long as somebody may ask for them. */
import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contractSchema } from '../../src/domain/contract.ts'
import { keepPicture, pictureHeld, sealPicture } from '../../src/main/store/pictures.ts'
import { collect, RETENTION } from '../../src/main/store/retention.ts'
import { caught, DRAW, HASH, PICTURE, PictureBench } from '../support/picture-bench.ts'
import { contractFor } from '../support/world.ts'

let bench: PictureBench

beforeEach(async () => {
  bench = await PictureBench.open()
})
afterEach(() => bench.close())

const DAY = 86_400_000

describe('a rehearsal', () => {
  const rehearse = (body: string, budget = bench.contract().budget) => {
    const source = `import { generate, save } from 'tools/images'
      export default async () => { ${body} }`
    const parsed = contractSchema.parse(
      contractFor(bench.contract({ ...(budget === undefined ? {} : { budget }) })),
    )
    return bench.world.engine.rehearse({ contract: parsed, source, event: {}, phase: 'dry-run' })
  }

  it('S6 draws nothing, and says what would be drawn and saved, and about what it costs', async () => {
    const end =
      await rehearse(`const { picture, width } = await generate({ prompt: 'a fox', shape: 'landscape' })
      const saved = await save(picture, ${bench.to('fox.jpg')})
      return [width, saved.width, saved.format]`)
    expect(end).toMatchObject({ failure: null, result: [1_536, 1_536, 'jpeg'] })
    expect(end.steps.map(step => step.sentence)).toEqual([
      'Would have drawn a picture (1536 × 1024): a fox (about $0.000060)',
      expect.stringMatching(/^Would have saved picture 0{8} as fox\.jpg/) as string,
    ])
    expect([bench.model.drawn.length, bench.costs().length, fs.readdirSync(bench.folder).length]).toEqual([
      0, 0, 0,
    ])
  })

  it('S6 says what is missing where nobody draws', async () => {
    bench.model.isConnected = false
    const end = await rehearse(`await generate({ prompt: 'a fox' })`)
    expect(end.failure).toMatchObject({ kind: 'not-connected' })
  })

  it('P2 S6 finds no more room than a run would', async () => {
    bench.model.most = 500
    bench.model.micros = 400
    const end = await rehearse(`for (const each of [1, 2, 3]) await generate({ prompt: 'fox ' + each })`)
    expect(end.steps.filter(step => step.outcome.ok)).toHaveLength(2)
    expect(end.failure).toMatchObject({ kind: 'budget-exceeded', budget: 'costPerRunMicros' })
  })
})

describe('pictures that are kept', () => {
  const left = (id: string) => pictureHeld(bench.world.store, id, HASH) !== null

  it('J12 go thirty days after their last use, and the bytes with the last who held them', async () => {
    const first = await bench.install(`${DRAW}; return picture`)
    const second = await bench.install(`${DRAW}; return picture`, {}, 'other')
    await bench.world.run('draws')
    bench.clock.jump(10 * DAY)
    await bench.world.run('other')
    bench.clock.jump(21 * DAY)
    expect(await collect(bench.world.store, bench.clock.now(), RETENTION)).toMatchObject({ pictures: 1 })
    expect([left(first), left(second)]).toEqual([false, true])
    bench.clock.jump(10 * DAY)
    expect(await collect(bench.world.store, bench.clock.now(), RETENTION)).toMatchObject({ pictures: 1 })
    const counted = { sql: 'SELECT count(*) AS n FROM pictures', bind: () => [] }
    expect(bench.world.store.get<object, { n: number }>(counted, {})).toEqual({ n: 0 })
    bench.model.micros = 70
    await bench.world.run('draws')
    expect(bench.model.drawn).toHaveLength(2)
    expect(left(first)).toBe(true)
  })

  it('J12 stay for as long as they are used, whoever remembers them', async () => {
    const id = await bench.install(`const known = await get('fox')
      if (known === null) { ${DRAW}; await set('fox', picture) }
      else await save({ picture: known, to: ${bench.to('fox.png')}, overwrite: true })`)
    for (let month = 0; month < 3; month++) {
      await bench.world.run('draws')
      bench.clock.jump(29 * DAY)
      await collect(bench.world.store, bench.clock.now(), RETENTION)
    }
    expect(bench.model.drawn).toHaveLength(1)
    expect([left(id), fs.existsSync(bench.at('fox.png'))]).toEqual([true, true])
  })

  it('J12 stay while an item is set aside, whatever their age', async () => {
    const source = `import { generate } from 'tools/images'
      import { each } from 'tools/flow'
      export default async () => {
        await each('lists', ['a'], name => name, async () => {
          await generate('a fox')
          throw new Error('not yet')
        })
      }`
    const id = await bench.world.install('lists', source, bench.contract({ items: { lists: 'a number' } }))
    await bench.world.run('lists')
    bench.clock.jump(60 * DAY)
    expect(await collect(bench.world.store, bench.clock.now(), RETENTION)).toMatchObject({ pictures: 0 })
    expect(left(id)).toBe(true)
  })

  it('are not drawn beyond what one automation may hold', async () => {
    const id = await bench.install(caught(`${DRAW}; return picture`))
    const sealed = sealPicture(bench.world.store, 'f'.repeat(64), new Uint8Array(1))
    await bench.world.store.write(tx => {
      keepPicture(tx, id, { ...sealed, size: 1_073_741_824 }, bench.clock.now())
    })
    const answer = bench.world.result(await bench.world.run('draws'))
    expect(answer).toMatchObject({ code: 'rejected' })
    expect(JSON.stringify(answer)).toContain('Nothing was drawn.')
    expect(bench.model.drawn).toEqual([])
  })

  /** Until the automation holds 1 GB, less than the picture of a test. */
  const fill = (id: string) =>
    bench.world.store.write(tx => {
      const sealed = sealPicture(bench.world.store, 'f'.repeat(64), new Uint8Array(1))
      return keepPicture(tx, id, { ...sealed, size: 1_073_741_824 - 10 }, bench.clock.now())
    })

  it('J2 are paid for and not kept, where others took the room while they were drawn', async () => {
    const id = await bench.install(caught(`${DRAW}; return picture`))
    bench.model.picture = async () => {
      await fill(id)
      return PICTURE
    }
    const answer = bench.world.result(await bench.world.run('draws'))
    expect(answer).toMatchObject({ code: 'rejected' })
    expect(JSON.stringify(answer)).toContain('This one was drawn and paid for, and was not kept.')
    expect([left(id), bench.costs()]).toEqual([
      false,
      [{ micros: 60, state: 'spent', tool: 'images.generate' }],
    ])
  })

  it('are not taken over from others beyond what one automation may hold', async () => {
    await bench.install(DRAW)
    await bench.world.run('draws')
    const id = await bench.install(caught(`${DRAW}; return picture`), {}, 'other')
    await fill(id)
    expect(bench.world.result(await bench.world.run('other'))).toMatchObject({ code: 'rejected' })
    expect([left(id), bench.model.drawn.length]).toEqual([false, 1])
  })

  it('that are held already are drawn and used when there is no more room', async () => {
    const id = await bench.install(`${DRAW}; return picture`)
    await bench.world.run('draws')
    await fill(id)
    expect((await bench.world.run('draws')).state).toBe('succeeded')
    expect(bench.model.drawn).toHaveLength(1)
  })
})
