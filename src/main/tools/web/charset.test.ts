import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { decodeText } from './charset.ts'

const html = (charset: string, text: string): string =>
  `<html><head><meta charset="${charset}"></head>${text}`

describe('the character set of a document', () => {
  it.each<[string, Buffer, string | undefined, string, string]>([
    ['header', iconv.encode('Grüße', 'iso-8859-1'), 'text/html; charset=ISO-8859-1', 'Grüße', 'windows-1252'],
    ['header in quotes', iconv.encode('привет', 'koi8-r'), 'text/html;charset="KOI8-R"', 'привет', 'koi8-r'],
    [
      'meta',
      iconv.encode(html('shift_jis', '日本'), 'shift_jis'),
      'text/html',
      html('shift_jis', '日本'),
      'shift_jis',
    ],
    [
      'meta http-equiv',
      iconv.encode('<meta http-equiv="content-type" content="text/html; charset=gb2312">中文', 'gbk'),
      undefined,
      '<meta http-equiv="content-type" content="text/html; charset=gb2312">中文',
      'gbk',
    ],
    [
      'XML declaration',
      iconv.encode('<?xml version="1.0" encoding="ISO-8859-2"?><a>żółć</a>', 'iso-8859-2'),
      'application/xml',
      '<?xml version="1.0" encoding="ISO-8859-2"?><a>żółć</a>',
      'iso-8859-2',
    ],
    ['byte order mark before all', Buffer.from('\ufeffä'), 'text/html; charset=iso-8859-1', 'ä', 'utf-8'],
    [
      'UTF-16',
      iconv.encode('ä€', 'utf-16le', { addBOM: true }),
      'text/html; charset=utf-8',
      'ä€',
      'utf-16le',
    ],
    [
      'UTF-16, the other end first',
      iconv.encode('ä€', 'utf-16be', { addBOM: true }),
      undefined,
      'ä€',
      'utf-16be',
    ],
    [
      'a set that only old systems use',
      iconv.encode('Ärger', 'cp850'),
      'text/plain; charset=cp850',
      'Ärger',
      'cp850',
    ],
    ['nothing said', Buffer.from('ä€'), undefined, 'ä€', 'utf-8'],
    ['nothing said, and no UTF-8', Buffer.from([0x80, 0xe4]), undefined, '€ä', 'windows-1252'],
    [
      'ISO-2022-JP, which looks like ASCII',
      iconv.encode('x', 'utf8'),
      'text/html; charset=utf-8',
      'x',
      'utf-8',
    ],
  ])('is found: %s', (_, bytes, type, text, charset) => {
    expect(decodeText(bytes, type)).toEqual({ text, charset })
  })

  it.each<[string, Buffer, string, string]>([
    ['latin1 said of UTF-8', Buffer.from('Grüße €'), 'text/html; charset=iso-8859-1', 'Grüße €'],
    ['UTF-8 said of latin1', iconv.encode('Grüße', 'iso-8859-1'), 'text/html; charset=utf-8', 'Grüße'],
    ['a name nobody knows', Buffer.from('Grüße'), 'text/html; charset=x-none-such', 'Grüße'],
    ['UTF-16 said inside UTF-8', Buffer.from(html('utf-16', 'ü')), 'text/html', html('utf-16', 'ü')],
    ['bytes as text', Buffer.from('3c62'), 'text/html; charset=hex', '3c62'],
    ['UTF-7', Buffer.from('+ADw-script+AD4-'), 'text/html; charset=utf-7', '+ADw-script+AD4-'],
    ['a half character', Buffer.from([0xd8, 0x00, 0x00, 0x61]), 'text/html; charset=utf-16be', '\ufffda'],
  ])('is corrected: %s', (_, bytes, type, text) => {
    expect(decodeText(bytes, type).text).toBe(text)
  })

  it('never fails and never makes half a character, whatever comes', () => {
    const label = fc.oneof(
      fc.constantFrom('utf-8', 'gbk', 'utf-16le', 'big5', 'latin1', 'euc-kr'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), label, (bytes, charset) => {
        const { text } = decodeText(bytes, `text/html; charset=${charset}`)
        return text.isWellFormed()
      }),
    )
  })
})
