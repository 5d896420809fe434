/** What a reading tool remembers of an address from run to run: local state under a key of its own (J2). */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import type { ToolContext } from '../../../domain/tool.ts'
import { jsonBytes } from '../json-value.ts'

const LONGEST_NAME = 160
/** As with `state.set`. */
const LONGEST_VALUE = 256 * 1_024

export const validatorsSchema = z
  .strictObject({ etag: z.string().nullable(), lastModified: z.string().nullable() })
  .nullable()

export const nameInput = z
  .string()
  .min(1)
  .max(LONGEST_NAME)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, { error: 'takes printable characters' })
  .describe('Under which name it is remembered what was seen; the address when left out.')

export class Memory<T extends Json> {
  readonly #tool: string
  readonly #schema: z.ZodType<T>
  readonly #key: string

  constructor(tool: string, schema: z.ZodType<T>, name: string) {
    this.#tool = tool
    this.#schema = schema
    const short = name.length <= LONGEST_NAME ? name : createHash('sha256').update(name).digest('hex')
    this.#key = `${tool} ${short}`
  }

  /** Null where nothing was remembered yet. */
  recall({ local }: ToolContext): T | null {
    const value = local.get(this.#key)
    if (value === undefined) return null
    const read = this.#schema.safeParse(value)
    return read.success ? read.data : this.#unreadable()
  }

  /** Becomes real when the run, or the item of each, succeeds. */
  remember(value: T, context: ToolContext): void {
    if (jsonBytes(value) > LONGEST_VALUE) throw new Error(`${this.#tool} tried to remember too much.`)
    context.stage({ kind: 'state-set', key: this.#key, value })
  }

  /** To take it for nothing would make everything old, or everything new. */
  #unreadable(): never {
    return fail({
      kind: 'invalid-input',
      path: 'as',
      message: `What is remembered under “${this.#key}” was not written by ${this.#tool}. Nothing was changed. Delete it with state.delete to begin anew, or choose another name.`,
    })
  }
}
