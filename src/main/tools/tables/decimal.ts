/** Decimal numbers as people write them, added without the rounding of binary fractions: 0.1 and 0.2 are 0.3. */

/** digits × 10^-scale. */
export interface Decimal {
  digits: bigint
  scale: number
}

export const ZERO: Decimal = { digits: 0n, scale: 0 }
const DECIMAL = /^([+-]?)(\d{1,400})(?:\.(\d{1,400}))?(?:e([+-]?\d{1,3}))?$/i
const QUOTIENT_DIGITS = 25

/** Null for what is no plain decimal number: no thousands separators, no currency, no comma. */
export function decimalOf(cell: unknown): Decimal | null {
  if (typeof cell !== 'number' && typeof cell !== 'string') return null
  const match = DECIMAL.exec(String(cell).trim())
  if (match === null || !Number.isFinite(Number(cell))) return null
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(`${whole}${fraction}`)
  const scale = fraction.length - Number(exponent)
  const signed = sign === '-' ? -digits : digits
  return scale >= 0 ? { digits: signed, scale } : { digits: signed * 10n ** BigInt(-scale), scale: 0 }
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { digits: raised(a, scale) + raised(b, scale), scale }
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale)
  const difference = raised(a, scale) - raised(b, scale)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** To 25 places more than it had. */
export function divided({ digits, scale }: Decimal, by: number): Decimal {
  const wider = scale + QUOTIENT_DIGITS
  return { digits: (digits * 10n ** BigInt(QUOTIENT_DIGITS)) / BigInt(by), scale: wider }
}

/** The nearest number there is. */
export function numberOf({ digits, scale }: Decimal): number {
  const number = Number(`${digits.toString()}e-${String(scale)}`)
  return number === 0 ? 0 : number
}

function raised({ digits, scale }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - scale)
}
