import { createHash } from 'node:crypto'

export interface HashInput {
  text: string
  algorithm: 'sha256' | 'sha1' | 'md5'
}

/** The hash of the text's UTF-8 bytes, in lower-case hexadecimal. */
export function hashText({ text, algorithm }: HashInput): string {
  return createHash(algorithm).update(text, 'utf8').digest('hex')
}
