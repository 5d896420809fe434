/**
 * What a call costs: the shipped table (`prices.json`, dated), under what a person set. A model that is not in it is
 * taken for the dearest usual one of its maker, and its cost is marked as an estimate.
 */
import fs from 'node:fs'
import { z } from 'zod'
import type { Tokens } from '../../domain/model.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import type { Price } from '../../domain/spending.ts'

/** About how much a token is: what was used is estimated by it where nobody reports it. */
export const BYTES_PER_TOKEN = 3
/**
 * What is reserved for a request is a token for each of its bytes, and these. Tokenizers cut a text into pieces, of bytes
 * or of characters that fall back to bytes, and no piece is empty: there are never more tokens than bytes. Nothing less
 * holds, for ASCII neither: some cut numbers into single digits, and signs stand alone. These are for what a provider
 * adds: its own words on tools and answers. Its marks of who speaks are outweighed by the JSON around each message.
 */
export const FRAME_TOKENS = 1_000

const rates = { input: z.number(), cached: z.number(), output: z.number() }
const rowSchema = z.strictObject({
  model: z.string(),
  ...rates,
  window: z.int(),
  long: z.strictObject({ above: z.int(), ...rates }).optional(),
  rare: z.boolean().optional(),
})
const tokens = z.strictObject({ low: z.int(), medium: z.int(), high: z.int() })
const pictureSchema = z.strictObject({
  model: z.string(),
  ...rates,
  usual: tokens,
  most: tokens,
  rare: z.boolean().optional(),
})
const tableSchema = z.strictObject({
  asOf: z.string(),
  note: z.string(),
  cacheWrite: z.partialRecord(z.string(), z.number()),
  models: z.strictObject({
    anthropic: z.array(rowSchema),
    openai: z.array(rowSchema),
    google: z.array(rowSchema),
  }),
  pictures: z.strictObject({ openai: z.array(pictureSchema), google: z.array(pictureSchema) }),
})
export type PictureRow = z.output<typeof pictureSchema>
type Row = z.output<typeof rowSchema>
type Table = z.output<typeof tableSchema>

/** Tokens by what is charged for them. */
export interface Charged extends Tokens {
  /** Of `input`, what the provider put into its cache. */
  readonly written: number
}

export interface Tariff {
  /** The price of a call with so many input tokens. */
  readonly at: (input: number) => Price
  /** Times the price of input, for what is put into the cache. */
  readonly cacheWrite: number
  /** How many tokens fit; null where that is not known. */
  readonly window: number | null
  readonly isEstimate: boolean
}

let loaded: Table | undefined

/** Read with the first call: a core that asks no model does without. */
export function priceTable(): Table {
  loaded ??= tableSchema.parse(JSON.parse(fs.readFileSync(new URL('./prices.json', import.meta.url), 'utf8')))
  return loaded
}

export interface Priced {
  readonly maker: ModelMaker
  readonly model: string
  /** Where it is asked. */
  readonly base: string
  /** What a person says it costs. */
  readonly own: Price | undefined
}

export function tariffOf({ maker, model, base, own }: Priced): Tariff {
  const row = rowOf(maker, model)
  const window = row?.window ?? null
  if (own !== undefined) return { at: () => own, cacheWrite: 1, window, isEstimate: false }
  if (maker === 'compatible' && isThisMachine(base)) {
    return {
      at: () => ({ input: 0, cachedInput: 0, output: 0 }),
      cacheWrite: 1,
      window: null,
      isEstimate: false,
    }
  }
  const from = row ?? dearestOf(maker)
  return {
    at: input => priceIn(from, input),
    cacheWrite: priceTable().cacheWrite[maker] ?? 1.25,
    window,
    isEstimate: row === undefined || !isExactly(model, row),
  }
}

/** In whole micro-dollars, rounded up. */
export function costOf(tokens: Charged, { at, cacheWrite }: Tariff): number {
  const price = at(tokens.input)
  const fresh = Math.max(0, tokens.input - tokens.cached - tokens.written)
  const input = fresh * price.input + tokens.written * price.input * cacheWrite
  return Math.ceil((input + tokens.cached * price.cachedInput + tokens.output * price.output) / 1e6)
}

/** The most a call can cost that sends and answers this much. */
export function mostOf(input: number, output: number, tariff: Tariff): number {
  const written = tariff.cacheWrite > 1 ? input : 0
  return costOf({ input, cached: 0, written, output, reasoning: 0 }, tariff)
}

export function pricesAsOf(): string {
  return priceTable().asOf
}

function priceIn({ input, cached, output, long }: Row, tokens: number): Price {
  const rate = long !== undefined && tokens > long.above ? long : { input, cached, output }
  return {
    input: perMillion(rate.input),
    cachedInput: perMillion(rate.cached),
    output: perMillion(rate.output),
  }
}

function perMillion(dollars: number): number {
  return Math.round(dollars * 1e6)
}

function rowOf(maker: ModelMaker, model: string): Row | undefined {
  return matching(rowsOf(maker), model)
}

/** The row of the model, or of the one whose dated or longer name it has. */
export function matching<R extends { model: string }>(rows: readonly R[], model: string): R | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  const spelled = [name, name.replaceAll('.', '-')]
  return rows
    .filter(row => spelled.some(each => each === row.model || each.startsWith(`${row.model}-`)))
    .toSorted((a, b) => b.model.length - a.model.length)[0]
}

/** The very model, or a dated version of it: not a later one that begins alike. */
export function isExactly(model: string, row: { model: string }): boolean {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  return /^(-\d{4}-?\d\d-?\d\d|-latest|-preview.*)?$/.test(name.slice(row.model.length))
}

function rowsOf(maker: ModelMaker): readonly Row[] {
  const { models } = priceTable()
  return maker === 'compatible' || maker === 'openrouter' ? Object.values(models).flat() : models[maker]
}

function dearestOf(maker: ModelMaker): Row {
  const usual = rowsOf(maker).filter(row => row.rare !== true)
  const [dearest] = usual.toSorted((a, b) => b.output - a.output)
  if (dearest === undefined) throw new Error('the table of prices is empty')
  return dearest
}

/** An address on this machine: what answers there is the person's own. */
export function isThisMachine(base: string): boolean {
  const { hostname } = new URL(base)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
