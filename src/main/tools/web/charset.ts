/**
 * Bytes from outside as text, although servers and pages are often wrong about their character set. The order:
 * byte order mark, then what the answer's header says, then what the document says of itself, then what the bytes
 * look like. A declaration that the bytes themselves refute is not believed.
 */
import { isUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'

export interface DecodedText {
  text: string
  /** The character set that was used, in lower case. */
  charset: string
}

const UTF8 = 'utf-8'
/** What browsers take for every undeclared or mislabelled western page: a superset of ISO-8859-1 and ASCII. */
const WESTERN = 'windows-1252'
/** Declarations stand at the start of a document; further on is content. */
const DECLARED_WITHIN = 4_096
/** Encodings of bytes as text, which no document is written in, and one that hides markup from filters. */
const NEVER = new Set(['hex', 'base64', 'binary', 'utf7', 'utf7imap', 'utf-7', 'utf-7-imap', 'ucs2'])

export function decodeText(body: Uint8Array, contentType: string | undefined): DecodedText {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const marked = markOf(bytes)
  if (marked !== null) return decodeAs(bytes, marked)
  const declared = knownCharset(headerCharset(contentType)) ?? knownCharset(documentCharset(bytes))
  return decodeAs(bytes, corrected(bytes, declared))
}

/** UTF-8 is hardly ever met by accident, and hardly ever refuted by one: the bytes know better than a label. */
function corrected(bytes: Buffer, declared: string | null): string {
  if (isUtf8(bytes)) return declared === null || declared === WESTERN || isAscii(bytes) ? UTF8 : declared
  return declared === null || declared === UTF8 ? WESTERN : declared
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every(byte => byte < 0x80 && byte !== 0x1b && byte !== 0)
}

function decodeAs(bytes: Buffer, charset: string): DecodedText {
  const text = iconv.encodingExists(charset)
    ? iconv.decode(bytes, charset)
    : new TextDecoder(charset).decode(bytes)
  return { text: text.toWellFormed(), charset }
}

function markOf(bytes: Buffer): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return UTF8
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return bytes[2] === 0 && bytes[3] === 0 ? 'utf-32le' : 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null
}

function headerCharset(contentType: string | undefined): string | null {
  return /charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType ?? '')?.[1] ?? null
}

/** From the XML declaration or a meta element; both can be read in any character set that contains ASCII. */
function documentCharset(bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, DECLARED_WITHIN)
  const declared =
    /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'\s>]+)/i.exec(head) ??
    /<meta[^>]*?\scharset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(head) ??
    /<meta[^>]*?content\s*=\s*["'][^"'>]*charset\s*=\s*([^\s"'>;]+)/i.exec(head)
  const name = declared?.[1] ?? null
  // Whoever could read this declaration did not read UTF-16.
  return name !== null && /^(utf-?16|ucs-?2|utf-?32)/i.test(name) ? UTF8 : name
}

/** The name to decode by; null for one that nobody knows. */
function knownCharset(label: string | null): string | null {
  if (label === null) return null
  const name = label.trim().toLowerCase()
  if (NEVER.has(name)) return null
  return standardName(name) ?? (iconv.encodingExists(name) ? name : null)
}

/** As browsers resolve labels: `latin1` and `ascii` are windows-1252. */
function standardName(label: string): string | null {
  try {
    return new TextDecoder(label).encoding
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
