import fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/support/manual-clock.ts'
import { tempFolder } from '../../../test/support/world.ts'
import { createChat, listChats } from '../store/chats.ts'
import { openStore } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import { KEPT_MS, KeptAnswers } from './kept-answers.ts'
import type { KeptAnswer } from './kept-answers.ts'

const KEY = '0d9c'
const ASKED = 'POST /chats\n{"title":"Taxes"}'
const ANSWER: KeptAnswer = { status: 201, headers: [['content-type', 'application/json']], body: '{"id":1}' }

let folder: string
let clock: ManualClock
let store: Store
let kept: KeptAnswers

beforeEach(() => {
  folder = tempFolder()
  clock = new ManualClock()
  open()
})
afterEach(async () => {
  await store.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

function open(): void {
  store = openStore({ folder, now: () => clock.now() })
  kept = new KeptAnswers(store)
}

const effect = () => store.write(tx => createChat(store, tx, 'Taxes', clock.now()), { durable: true })
const answered = async () => {
  await effect()
  return ANSWER
}

describe('a request under a key', () => {
  it('is answered as before, also after a restart, and forgotten after a day', async () => {
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'new' })
    await kept.keep(KEY, ASKED, answered)
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'answered', answer: ANSWER })
    await store.close()
    open()
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'answered', answer: ANSWER })
    clock.jump(KEPT_MS + 1)
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'new' })
  })

  it('is another one where anything of it is different', async () => {
    await kept.keep(KEY, ASKED, answered)
    expect(kept.meet(KEY, `${ASKED} `)).toEqual({ is: 'other' })
  })

  it('is being worked on until it is answered, and its key taken for all else', async () => {
    const held = Promise.withResolvers<undefined>()
    const work = kept.keep(KEY, ASKED, async () => {
      await held.promise
      return answered()
    })
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'at-work' })
    expect(kept.meet(KEY, 'something else')).toEqual({ is: 'other' })
    held.resolve(undefined)
    await work
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'answered', answer: ANSWER })
  })

  it('J1 whose effect is on the disk when the core dies is known to be done, whatever was answered', async () => {
    // Never ends, as where the process dies between effect and answer.
    const begun = new Promise<void>(resolve => {
      void kept.keep(KEY, ASKED, async () => {
        await effect()
        resolve()
        return new Promise<KeptAnswer>(() => undefined)
      })
    })
    await begun
    await store.close()
    open()
    expect(listChats(store, 10)).toHaveLength(1)
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'done' })
  })

  it('whose effect was undone is judged anew', async () => {
    await kept.keep(KEY, ASKED, async () => {
      const undone = store.write(tx => {
        createChat(store, tx, 'Taxes', clock.now())
        throw new Error('refused')
      })
      await expect(undone).rejects.toThrow('refused')
      return { ...ANSWER, status: 422 }
    })
    expect(listChats(store, 10)).toEqual([])
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'new' })
  })

  it('that had an effect and an error is answered with that error', async () => {
    const failed = { ...ANSWER, status: 500 }
    await kept.keep(KEY, ASKED, async () => {
      await effect()
      return failed
    })
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'answered', answer: failed })
  })

  it('whose answer is too long to keep is known to be done', async () => {
    await kept.keep(KEY, ASKED, async () => {
      await effect()
      return { ...ANSWER, body: 'x'.repeat(300_000) }
    })
    expect(kept.meet(KEY, ASKED)).toEqual({ is: 'done' })
  })

  it('J12 is sealed: nothing of it can be read from the folder', async () => {
    await kept.keep(KEY, 'POST /vault {"passphrase":"canary-one"}', () =>
      Promise.resolve({ ...ANSWER, body: 'canary-two' }),
    )
    await store.close()
    const written = fs
      .readdirSync(folder, { recursive: true, encoding: 'latin1' })
      .map(file => `${folder}/${file}`)
      .filter(file => fs.statSync(file).isFile())
      .map(file => fs.readFileSync(file, 'latin1'))
      .join()
    expect(written).not.toMatch(/canary-(one|two)/)
    open()
  })

  it('makes room for itself: what expired goes', async () => {
    for (let index = 0; index < 20; index++) await kept.keep(`old-${String(index)}`, ASKED, answered)
    clock.jump(KEPT_MS + 1)
    for (let index = 0; index < 5; index++) await kept.keep(`new-${String(index)}`, ASKED, answered)
    const [count] = store.all<object, { n: number }>(
      { sql: 'SELECT count(*) AS n FROM requests', bind: () => [] },
      {},
    )
    expect(count).toEqual({ n: 5 })
  })
})
