/** Requests and answers as logs and other people may see them: what looks like a secret is masked, by name or by form. */
import type { Json } from '../../../domain/json.ts'

const MASK = '•••'
const SECRET_NAME =
  /(secret|token|passw|api-?_?key|access-?_?key|auth|credential|session|cookie|signature|\bsig\b|^key$|bearer|otp|pin$)/i
/** Long, unbroken, and with digits among its letters: what people do not write and keys look like. */
const SECRET_FORM =
  /(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*\d)(?=[\d_-]*[A-Za-z])[A-Za-z0-9_-]{24,}(?![A-Za-z0-9_-])/g

export function maskText(text: string): string {
  return text.replace(SECRET_FORM, MASK)
}

export function maskNamed(name: string, value: string): string {
  return SECRET_NAME.test(name) ? MASK : maskText(value)
}

export function maskRecord(record: Readonly<Record<string, unknown>>): { [key: string]: Json } {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, maskNamed(name, String(value))]),
  )
}

/** The address with the values of its query masked where they look like secrets, and without a fragment. */
export function maskUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return MASK
  const query = [...url.searchParams].map(([name, value]) => `${name}=${maskNamed(name, value)}`).join('&')
  return `${url.origin}${maskText(url.pathname)}${query === '' ? '' : `?${query}`}`
}

export function maskJson(value: Json): Json {
  if (typeof value === 'string') return maskText(value)
  if (Array.isArray(value)) return value.map(maskJson)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, SECRET_NAME.test(name) ? MASK : maskJson(member)]),
  )
}
