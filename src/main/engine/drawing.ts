/**
 * A model that draws, as one call of a tool is given it. What it drew before for the same wish is given again; what it
 * draws is examined by whoever asked, sealed, and put on the call's bill: picture, cost and outcome are recorded as one
 * (J2). A rehearsal draws nothing: it is told what a picture costs, and imagines one.
 * Owns nothing; a bill is its call's.
 */
import { createHash } from 'node:crypto'
import { fail } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import type { Models, Quote } from '../../domain/model.ts'
import { overFailure } from '../../domain/spending.ts'
import {
  imaginedFacts,
  imaginedPicture,
  LARGEST_PICTURE,
  pictureHash,
  pictureName,
} from '../../domain/picture.ts'
import type {
  DrawnPicture,
  DrawPicture,
  ExaminePicture,
  FindPicture,
  KeptPicture,
  Wish,
} from '../../domain/picture.ts'
import { spentOver } from '../store/cost-entries.ts'
import { drawingKey, learntAnswer } from '../store/model-answers.ts'
import {
  holdPicture,
  keepPicture,
  MOST_PICTURE_BYTES,
  pictureBytesHeld,
  pictureHeld,
  sealPicture,
  usePicture,
} from '../store/pictures.ts'
import type { Store } from '../store/store.ts'
import type { Tx } from '../store/tx.ts'
import { putOnBill } from './asking.ts'
import type { Asking, Bill } from './asking.ts'

/** A little less than tools that draw are given. */
const LONGEST_MS = 270_000

export function drawerFor(asking: Asking, workflowId: string): DrawPicture {
  const { context, of, bill } = asking
  return async (wish, examine) => {
    const model = context.models.serving('images')
    const key = model === null ? null : drawingKey(of.tool, model, wish)
    const known = key === null ? null : await recalled(asking, workflowId, key)
    if (known !== null) {
      bill.isRecalled = true
      return known
    }
    const drawn = await draw(asking, workflowId, wish, examine)
    if (key !== null) bill.learnt.push({ key, answer: { ...drawn } })
    return drawn
  }
}

/** Held from now on, so that it is there for as long as its name may be used. */
async function recalled(
  { context: { store, clock } }: Asking,
  workflowId: string,
  key: string,
): Promise<DrawnPicture | null> {
  const at = clock.now()
  const known = learntAnswer(store, key, at) as (Json & DrawnPicture) | undefined
  const hash = known === undefined ? null : pictureHash(known.picture)
  if (known === undefined || hash === null) return null
  return (await store.write(tx => holdPicture(tx, workflowId, hash, at))) ? known : null
}

async function draw(
  { context: { store, models }, of, caps, bill, settles, signal }: Asking,
  workflowId: string,
  wish: Wish,
  examine: ExaminePicture,
): Promise<DrawnPicture> {
  if (pictureBytesHeld(store, workflowId) + LARGEST_PICTURE > MOST_PICTURE_BYTES)
    fail(noRoom('Nothing was drawn.'))
  const reply = await models.draw({
    wish,
    timeoutMs: LONGEST_MS,
    of,
    capped: caps,
    signal,
    ...(settles === 'caller' ? { settles } : {}),
  })
  putOnBill(bill, reply)
  const { bytes } = reply
  const facts = await examine(bytes)
  const hash = createHash('sha256').update(bytes).digest('hex')
  bill.pictures.push(sealPicture(store, hash, bytes))
  return { picture: pictureName(hash), ...facts, bytes: bytes.byteLength }
}

function noRoom(came: string): Failure {
  const most = String(MOST_PICTURE_BYTES / 1_048_576)
  return {
    kind: 'rejected',
    message: `Pictures that were drawn for this automation already take nearly ${most} MB, which is all it may hold. ${came} They go 30 days after their last use, once nothing of it is unfinished.`,
    detail: { sent: 'no' },
  }
}

/** What other calls drew meanwhile may have left no room: then it is the failure of this one, which has been paid. */
export function keepPictures(tx: Tx, workflowId: string, { pictures }: Bill, at: number): Failure | null {
  const isKept = pictures.every(picture => keepPicture(tx, workflowId, picture, at))
  return isKept ? null : { ...noRoom('This one was drawn and paid for, and was not kept.'), detail: null }
}

/** Those that this automation holds. To be looked for is to be used. */
export function pictureFinder({ store, clock }: Drawn, workflowId: string): FindPicture {
  return async name => {
    const hash = pictureHash(name)
    if (hash === null) return null
    const isHeld = await store.write(tx => usePicture(tx, workflowId, hash, clock.now()))
    return isHeld ? pictureOf(store, workflowId, hash) : null
  }
}

/** Leaves no trace; what the rehearsal imagined is there as well. */
export function rehearsedFinder({ store }: Drawn, workflowId: string): FindPicture {
  return name => {
    const imagined = imaginedFacts(name)
    const hash = pictureHash(name)
    if (imagined !== null) return Promise.resolve({ imagined })
    return Promise.resolve(hash === null ? null : pictureOf(store, workflowId, hash))
  }
}

type Drawn = Pick<Asking['context'], 'store' | 'clock'>

function pictureOf(store: Store, workflowId: string, hash: string): KeptPicture | null {
  const bytes = pictureHeld(store, workflowId, hash)
  return bytes === null ? null : { bytes }
}

/** What all that a rehearsal has imagined so far would have cost at most. */
export interface Imagined {
  micros: number
}

/** Fails where a run would find nobody who draws, or no room in its budget. */
export function imaginerFor(
  { context, caps, bill }: Pick<Asking, 'context' | 'caps' | 'bill'>,
  imagined: Imagined,
): DrawPicture {
  const imagine = (wish: Wish) => {
    const { about, most } = quoted(context.models, wish)
    for (const cap of most === 0 ? [] : caps) {
      const spent = spentOver(context.store, cap.over) + imagined.micros
      if (spent + most > cap.micros) fail(overFailure(cap, spent, most))
    }
    imagined.micros += about
    bill.imagined = about
    return imaginedPicture(wish)
  }
  return wish =>
    new Promise(resolve => {
      resolve(imagine(wish))
    })
}

function quoted(models: Models, wish: Wish): Quote {
  const quote = models.quote(wish)
  return 'kind' in quote ? fail(quote) : quote
}
