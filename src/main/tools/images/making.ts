/**
 * What all tools that write a picture have in common: it is made before the write-ahead, so that the hash of what will
 * be written is recorded with it, and afterwards anybody can tell whether it was written (J4). Nothing but what it is
 * made from differs.
 * Owns the pictures that were made and are about to be written, for a short time. A picture that is no longer there
 * is made again, and refused if it came out different.
 */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import type { Reconciled, ToolContext, Undoable } from '../../../domain/tool.ts'
import { refuseSpecial } from '../files/anchor.ts'
import { madeFolders, markFile, markSchema, MAX_KEPT, temporaryName, type Mark } from '../files/content.ts'
import { reject } from '../files/failures.ts'
import { putFile, seePut, takeBack, undoableOf } from '../files/put.ts'
import { evidenceOf, NO_EVIDENCE } from '../files/step.ts'
import type { Place, Workspace } from '../files/workspace.ts'
import { WRITE_FORMATS, type WriteFormat } from './picture.ts'
import type { Rendered } from './render.ts'

export const madeSchema = z.strictObject({
  path: z.string(),
  format: z.enum(WRITE_FORMATS),
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the new picture, in hexadecimal.'),
  overwritten: z.boolean().describe('Whether another file that was there was replaced.'),
  changed: z.boolean().describe('False when exactly this picture was there before.'),
})
export type Made = z.output<typeof madeSchema>

const evidence = z.strictObject({
  real: z.string(),
  before: markSchema.nullable(),
  made: madeSchema,
  folders: madeFolders,
})
type Evidence = z.output<typeof evidence>

export interface Order {
  readonly tool: string
  /** What it is made from, as messages name it. */
  readonly from: string
  readonly to: string
  readonly overwrite: boolean
  readonly parents: boolean
  readonly format: WriteFormat
  readonly make: (context: ToolContext) => Promise<Rendered>
}

export class Making {
  readonly #workspace: Workspace
  readonly #shelf = new Shelf()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  async prepare(order: Order, context: ToolContext): Promise<Json> {
    const picture = await order.make(context)
    const seen = await this.#look(order, picture, context, true)
    this.#shelf.put(context.stepId, picture)
    return seen
  }

  async simulate(order: Order, context: ToolContext): Promise<Made> {
    const seen = await this.#look(order, await order.make(context), context, false)
    return seen.made
  }

  async run(order: Order, context: ToolContext): Promise<Made> {
    const planned = evidenceOf(evidence, context)?.made ?? null
    const picture = this.#shelf.take(context.stepId) ?? (await order.make(context))
    if (planned !== null && planned.hash !== picture.hash) {
      reject(order.from, 'changed after the new picture was planned', 'Retry.')
    }
    return this.#at(order, context, async place => {
      const before = await meet(order, place, picture.hash, context, false)
      const made = madeOf(order, place.path, picture, before)
      if (!made.changed) return made
      await putFile({
        ...this.#frame(order, place, context),
        mode: before?.mode ?? null,
        overwrite: order.overwrite,
        write: handle => handle.writeFile(picture.bytes),
      })
      return made
    })
  }

  async reconcile(order: Order, context: ToolContext): Promise<Reconciled<Made>> {
    const recorded = evidenceOf(evidence, context)
    if (recorded === null) return { is: 'unknown', evidence: NO_EVIDENCE }
    const { made, before } = recorded
    return this.#at(order, context, async place => {
      const expected = { hash: made.hash, bytes: made.bytes, before }
      const seen = await seePut(place, temporaryName(context.stepId), expected, context.signal)
      return seen.is === 'applied' ? { is: 'applied', result: made } : seen
    })
  }

  undo(order: Order, done: Made, context: ToolContext): Promise<void> {
    return this.#at(order, context, async place => {
      if (!done.changed) return
      const { before = null, folders = 0 } = evidenceOf(evidence, context) ?? {}
      if (done.overwritten && before === null)
        reject(place.path, 'cannot be restored: what was there was not recorded')
      const expected = { hash: done.hash, bytes: done.bytes, before, made: folders }
      await takeBack(this.#frame(order, place, context), expected)
    })
  }

  #look(order: Order, picture: Rendered, context: ToolContext, keep: boolean): Promise<Evidence> {
    return this.#at(order, context, async place => {
      const before = await meet(order, place, picture.hash, context, keep)
      const made = madeOf(order, place.path, picture, before)
      return { real: place.real, before, made, folders: place.missing }
    })
  }

  #frame({ tool }: Order, place: Place, { stepId, signal }: ToolContext) {
    return { tool, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }

  #at<T>(order: Order, context: ToolContext, use: (place: Place) => Promise<T>): Promise<T> {
    const { contract } = context
    const foundAt = evidenceOf(evidence, context)?.real
    const grant = { contract, tool: order.tool, access: 'write', foundAt } as const
    return this.#workspace.at(this.#workspace.resolve(order.to), grant, use)
  }
}

/** The file that is there before; refused where it is another one and must not be replaced. */
async function meet(
  order: Order,
  place: Place,
  hash: string,
  { signal }: ToolContext,
  keep: boolean,
): Promise<Mark | null> {
  const found = await place.meet({ parents: order.parents })
  if (found === null) return null
  refuseSpecial(found, place.path, place.clause)
  const mark = await markFile(place.folder, place.name, keep && found.size <= MAX_KEPT, signal)
  if (mark.hash === hash) return { ...mark, kept: null }
  if (order.overwrite) return mark
  reject(place.path, 'already existed with other content', 'Set overwrite to true, or choose another name.')
}

function madeOf({ format }: Order, path: string, picture: Rendered, before: Mark | null): Made {
  const { bytes, hash, width, height } = picture
  const changed = before?.hash !== hash
  return {
    path,
    format,
    width,
    height,
    bytes: bytes.length,
    hash,
    overwritten: changed && before !== null,
    changed,
  }
}

export function undoableMade({ changed, overwritten }: Made, recorded: Json): Undoable {
  return undoableOf({ changed, replaced: overwritten }, evidence.safeParse(recorded).data?.before)
}

const SHELF_PLACES = 2
const SHELF_MS = 30_000

/** Pictures between their making and their writing, which is a moment unless somebody is asked in between. */
class Shelf {
  readonly #pictures = new Map<string, { picture: Rendered; timer: NodeJS.Timeout }>()

  put(stepId: string, picture: Rendered): void {
    this.take(stepId)
    const oldest = this.#pictures.keys().next()
    if (this.#pictures.size >= SHELF_PLACES && oldest.done !== true) this.take(oldest.value)
    const timer = setTimeout(() => this.take(stepId), SHELF_MS)
    timer.unref()
    this.#pictures.set(stepId, { picture, timer })
  }

  take(stepId: string): Rendered | null {
    const found = this.#pictures.get(stepId)
    if (found === undefined) return null
    clearTimeout(found.timer)
    this.#pictures.delete(stepId)
    return found.picture
  }
}
