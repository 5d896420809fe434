/**
 * JSON as the only currency between realms: its type, one canonical text for it, and that text's hash.
 * Canonical text: keys sorted by UTF-16 code units, no white space, `-0` written as `0` (after RFC 8785).
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The one text of a JSON value: two values are the same data exactly when their canonical texts are equal. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.keys(value)
    .sort()
    .flatMap(key => {
      const member = value[key]
      return member === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(member)}`]
    })
  return `{${members.join(',')}}`
}

/** SHA-256 of a text's UTF-8 bytes, in lower-case hexadecimal (64 characters). */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

/** The hash by which a payload is recognised: in the journal (J5) and by an approval (P4). */
export function hashJson(value: Json): string {
  return sha256Hex(canonicalJson(value))
}
