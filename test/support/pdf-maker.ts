/** PDF files for tests, ordinary and hostile, written object by object. */
import { constants, deflateRawSync } from 'node:zlib'

export type PdfObject = string | Buffer

/** Object 1 is the catalog; `trailer` is added to the trailer's dictionary. */
export function pdfOf(objects: readonly PdfObject[], trailer = ''): Buffer {
  const parts = [Buffer.from('%PDF-1.7\n')]
  const places: number[] = []
  let at = parts[0]?.length ?? 0
  objects.forEach((object, index) => {
    places.push(at)
    const whole = Buffer.concat([
      Buffer.from(`${index + 1} 0 obj\n`),
      Buffer.from(object),
      Buffer.from('\nendobj\n'),
    ])
    parts.push(whole)
    at += whole.length
  })
  const table = places.map(place => `${String(place).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  parts.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R ${trailer}>>\nstartxref\n${at}\n%%EOF\n`,
    ),
  )
  return Buffer.concat(parts)
}

export function streamOf(data: Buffer, dictionary = ''): Buffer {
  return Buffer.concat([
    Buffer.from(`<< /Length ${data.length} ${dictionary}>>\nstream\n`),
    data,
    Buffer.from('\nendstream'),
  ])
}

const FONT = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'

/** A stream that unpacks to a piece over and over, without ever being whole in memory here. */
export function bombStream(piece: Buffer, times: number): Buffer {
  const packed = deflateRawSync(piece, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const parts = Array.from({ length: times }, () => packed)
  const end = Buffer.concat([deflateRawSync(Buffer.alloc(0)), Buffer.alloc(4)])
  return streamOf(Buffer.concat([Buffer.from([0x78, 0xda]), ...parts, end]), '/Filter /FlateDecode ')
}

/** One page for each content stream; the first stream is object 5. */
export function documentOf(contents: readonly Buffer[], info = '', resources = ''): Buffer {
  const pageNumber = (index: number): number => 4 + index * 2
  const kids = contents.map((_, index) => `${pageNumber(index)} 0 R`).join(' ')
  const pages = contents.flatMap((content, index) => [
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${pageNumber(index) + 1} 0 R /Resources << /Font << /F1 3 0 R >> ${resources} >> >>`,
    content,
  ])
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`,
    FONT,
    ...pages,
    `<< ${info} >>`,
  ]
  return pdfOf(objects, `/Info ${objects.length} 0 R `)
}

/** A page that shows these lines. */
export function linesPage(...lines: string[]): Buffer {
  const shown = lines.map(line => `(${line}) Tj 0 -30 Td`).join(' ')
  return streamOf(Buffer.from(`BT /F1 24 Tf 100 700 Td ${shown} ET`))
}

export function textDocument(pages: readonly string[], info = ''): Buffer {
  return documentOf(
    pages.map(text => linesPage(text)),
    info,
  )
}
