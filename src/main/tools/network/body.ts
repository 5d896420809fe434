/** Bodies as they were before compression, never larger than allowed, and as text in the charset they claim. */
import { promisify, TextDecoder } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

type Decode = (input: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>

export const ACCEPTED_ENCODINGS = 'gzip, deflate, br'

const deflated: Decode = (input, options) =>
  // A zlib header says so in its low four bits; some servers leave it out.
  ((input[0] ?? 0) & 0x0f) === 8 ? promisify(inflate)(input, options) : promisify(inflateRaw)(input, options)

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: deflated,
  br: promisify(brotliDecompress),
}

export type Decoded =
  { is: 'decoded'; body: Uint8Array } | { is: 'too-large' } | { is: 'unreadable'; what: string }

/** Decodes one content coding. Stops at `maxBytes` of output, so a bomb costs no more than that. */
export async function decodeBody(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Decoded> {
  const coding = encoding?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity' || body.byteLength === 0) return { is: 'decoded', body }
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
  if (decode === undefined)
    return { is: 'unreadable', what: 'its body came in a coding that is not supported' }
  try {
    return { is: 'decoded', body: await decode(body, { maxOutputLength: Math.max(maxBytes, 1) }) }
  } catch (error) {
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      return { is: 'too-large' }
    return { is: 'unreadable', what: 'its body was cut off or not compressed as announced' }
  }
}

/** Text in the charset that the content type names; UTF-8 where it names none or one that is not known. */
export function textOf(body: Uint8Array, contentType: string | undefined): string {
  const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8'
  return decoderFor(charset).decode(body)
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder('utf-8')
    throw error
  }
}
