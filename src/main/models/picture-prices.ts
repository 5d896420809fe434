/**
 * What pictures cost: tokens at the price of their model, as for text. How many tokens a picture takes is the model's
 * own, by its quality: what it usually takes is paid where nobody reports it, and the most of it is reserved.
 */
import type { Spent } from '../../domain/model.ts'
import type { PictureQuality, Wish } from '../../domain/picture.ts'
import type { ModelMaker } from '../../domain/model-makers.ts'
import {
  BYTES_PER_TOKEN,
  costOf,
  FRAME_TOKENS,
  isExactly,
  isThisMachine,
  matching,
  mostOf,
  priceTable,
} from './prices.ts'
import type { Charged, Priced, PictureRow, Tariff } from './prices.ts'

export interface PictureTariff extends Tariff {
  /** Tokens that a picture takes. */
  readonly usual: Readonly<Record<PictureQuality, number>>
  readonly most: Readonly<Record<PictureQuality, number>>
}

export function pictureTariffOf({ maker, model, base, own }: Priced): PictureTariff {
  const rows = rowsOf(maker)
  const row = matching(rows, model)
  const from = row ?? dearestOf(rows)
  const { usual, most } = from
  const common = { usual, most, cacheWrite: 1, window: null }
  if (own !== undefined) return { ...common, at: () => own, isEstimate: row === undefined }
  if (maker === 'compatible' && isThisMachine(base)) return { ...common, at: () => FREE, isEstimate: false }
  const { input, cached, output } = from
  const price = { input: input * 1e6, cachedInput: cached * 1e6, output: output * 1e6 }
  return { ...common, at: () => price, isEstimate: row === undefined || !isExactly(model, row) }
}

export function aboutPicture({ prompt, quality }: Wish, tariff: PictureTariff): number {
  return costOf(chargedFor(prompt, tariff.usual[quality]), tariff)
}

/** As much as can come of it, as far as its provider says. */
export function mostOfPicture({ prompt, quality }: Wish, tariff: PictureTariff): number {
  return mostOf(Buffer.byteLength(prompt) + FRAME_TOKENS, tariff.most[quality], tariff)
}

/** As reported, else what such a picture usually takes. */
export function spentOnPicture(
  { prompt, quality }: Wish,
  reported: Charged | null,
  tariff: PictureTariff,
): Spent {
  const charged = reported ?? chargedFor(prompt, tariff.usual[quality])
  const { written: _written, ...tokens } = charged
  return { micros: costOf(charged, tariff), tokens, estimated: reported === null || tariff.isEstimate }
}

function chargedFor(prompt: string, output: number): Charged {
  const input = Math.ceil(Buffer.byteLength(prompt) / BYTES_PER_TOKEN)
  return { input, cached: 0, written: 0, output, reasoning: 0 }
}

const FREE = { input: 0, cachedInput: 0, output: 0 }

function rowsOf(maker: ModelMaker): readonly PictureRow[] {
  const { pictures } = priceTable()
  return maker === 'openai' || maker === 'google' ? pictures[maker] : Object.values(pictures).flat()
}

function dearestOf(rows: readonly PictureRow[]): PictureRow {
  const usual = rows.filter(row => row.rare !== true)
  const [dearest] = usual.toSorted((a, b) => b.output * b.usual.high - a.output * a.usual.high)
  if (dearest === undefined) throw new Error('the table of prices knows no picture')
  return dearest
}
