/** A zod schema for any JSON value. What crosses the sandbox's boundary is JSON already, so only absence is refused. */
import { z } from 'zod'
import type { Json } from '../../domain/json.ts'

export const jsonValue = z.custom<Json>(value => value !== undefined, { error: 'is missing' })

/** Bytes of a value's JSON text in UTF-8. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value))
}
