import fc from 'fast-check'
import * as fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../test/support/files-bench.ts'
import {
  bombStream,
  documentOf,
  linesPage,
  pdfOf,
  streamOf,
  textDocument,
} from '../../../test/support/pdf-maker.ts'
import { createCompute } from './compute/pool.ts'
import { pdfTools } from './pdf.ts'

const compute = createCompute()
afterAll(() => compute.close())

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench({}, undefined, options => pdfTools(compute, options))
})
afterEach(() => bench.close())

const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>'
const three = textDocument(['One', 'Two', 'Three'])

function put(content: Buffer): string {
  return bench.put('a.pdf', content)
}

describe('pdf.text', () => {
  test('reads every page, and what the document says of itself', async () => {
    const info =
      "/Title (Invoice 7) /Author (Ada) /Keywords () /CreationDate (D:20260314123000+01'00') /ModDate (yesterday)"
    const file = put(documentOf([linesPage('Hello World', 'Second line'), linesPage('The end')], info))
    expect(await bench.ok('pdf.text', { path: file })).toEqual({
      path: file,
      pageCount: 2,
      pages: [
        { page: 1, text: 'Hello World\nSecond line', cut: false },
        { page: 2, text: 'The end', cut: false },
      ],
      next: null,
      title: 'Invoice 7',
      author: 'Ada',
      subject: null,
      keywords: null,
      creator: null,
      producer: null,
      created: Date.UTC(2026, 2, 14, 11, 30),
      modified: null,
    })
  })

  test('reads a range of pages, and refuses one that is not there', async () => {
    const file = put(three)
    const texts = async (input: object) => {
      const { pages } = await bench.ok('pdf.text', { path: file, ...input })
      return (pages as { text: string }[]).map(({ text }) => text)
    }
    expect(await texts({ from: 2 })).toEqual(['Two', 'Three'])
    expect(await texts({ from: 2, to: 2 })).toEqual(['Two'])
    expect(await texts({ to: 99 })).toEqual(['One', 'Two', 'Three'])
    const beyond = await bench.failure('pdf.text', { path: file, from: 4 })
    expect(beyond).toMatchObject({ kind: 'invalid-input', path: 'from' })
    expect(beyond.message).toContain('3 pages')
    expect(await bench.failure('pdf.text', { path: file, from: 3, to: 2 })).toMatchObject({
      kind: 'invalid-input',
      path: 'to',
    })
  })

  test('gives as much text as was asked for, and says where to go on', async () => {
    const file = put(three)
    expect(await bench.ok('pdf.text', { path: file, maxText: 7 })).toMatchObject({
      pages: [{ text: 'One' }, { text: 'Two' }],
      next: 3,
    })
    expect(await bench.ok('pdf.text', { path: file, maxText: 2 })).toMatchObject({
      pages: [{ text: 'On', cut: true }],
      next: 2,
    })
    expect(await bench.ok('pdf.text', { path: file, maxText: 3, from: 2, to: 2 })).toMatchObject({
      next: null,
    })
  })

  test('reads a page that is only a drawing as empty', async () => {
    const file = put(documentOf([streamOf(Buffer.from('0 0 100 100 re f'))]))
    expect(await bench.ok('pdf.text', { path: file })).toMatchObject({ pageCount: 1, pages: [{ text: '' }] })
  })

  test('says of a document of many pages where to go on', async () => {
    const empty = pdfOf([
      CATALOG,
      `<< /Type /Pages /Kids [${Array.from({ length: 5_000 }, (_, i) => `${i + 3} 0 R`).join(' ')}] /Count 5000 >>`,
      ...Array.from({ length: 5_000 }, () => '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>'),
    ])
    const read = await bench.ok('pdf.text', { path: put(empty) })
    expect(read).toMatchObject({ pageCount: 5_000, next: 2_001 })
    expect(read['pages']).toHaveLength(2_000)
  })
})

describe('what is no readable PDF', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['a picture with the wrong name', png],
    ['a text', Buffer.from('not a PDF at all\n'.repeat(100))],
    ['one that ends after its head', three.subarray(0, 40)],
    ['a page tree that contains itself', pdfOf([CATALOG, '<< /Type /Pages /Kids [2 0 R] /Count 5 >>'])],
    ['a catalog that is not there', pdfOf(['<< /Type /Font >>'])],
  ])('is refused as such: %s', async (_, content) => {
    const failure = await bench.failure('pdf.text', { path: put(content) })
    expect(failure).toMatchObject({ kind: 'bad-response' })
    expect(failure.message).toContain('a.pdf')
  })

  test('a document behind a password says so', async () => {
    const zeros = '00'.repeat(32)
    const locked = `<< /Filter /Standard /V 1 /R 2 /O <${zeros}> /U <${zeros}> /P -4 >>`
    const file = put(
      pdfOf([CATALOG, '<< /Type /Pages /Kids [] /Count 0 >>', locked], '/Encrypt 3 0 R /ID [<00><00>] '),
    )
    const failure = await bench.failure('pdf.text', { path: file })
    expect(failure).toMatchObject({ kind: 'invalid-input', path: 'path' })
    expect(failure.message).toContain('password')
  })
})

/** Turns of the core's loop while something goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 5)
  await work
  clearInterval(timer)
  return turns
}

const endless: [what: string, content: () => Buffer, limit: object][] = [
  [
    'a stream that unpacks to a gigabyte of nothing',
    () => documentOf([bombStream(Buffer.alloc(10_000_000), 100)]),
    { limit: 'memory', allowed: 256 },
  ],
  [
    'a page that shows two letters a hundred million times',
    () => documentOf([bombStream(Buffer.from('BT /F1 1 Tf ' + '(ab) Tj '.repeat(1_000_000)), 100)]),
    {},
  ],
]

const drawsItself = '/XObject << /X 5 0 R >>'
const page = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>'
const onePage = [CATALOG, '<< /Type /Pages /Kids [3 0 R] /Count 1 >>', page]
const tableAt = /startxref\n(\d+)/.exec(pdfOf(onePage).toString('latin1'))?.[1] ?? ''

const twisted: [what: string, content: () => Buffer][] = [
  [
    'a page count of two thousand million over one page',
    () => pdfOf([CATALOG, '<< /Type /Pages /Kids [3 0 R] /Count 2147483647 >>', page]),
  ],
  [
    'a form that draws itself',
    () =>
      documentOf(
        [
          streamOf(
            Buffer.from('/X Do'),
            `/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << ${drawsItself} >> `,
          ),
        ],
        '',
        drawsItself,
      ),
  ],
  ['a list nested a million deep', () => documentOf([streamOf(Buffer.from('['.repeat(1_000_000)))])],
  [
    'a length that refers to itself',
    () =>
      pdfOf([
        CATALOG,
        '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>',
        '<< /Length 4 0 R >>\nstream\nBT ET\nendstream',
      ]),
  ],
  ['a table of objects that comes before itself', () => pdfOf(onePage, `/Prev ${tableAt} `)],
]

describe('hostile PDFs', () => {
  test.each(endless)(
    'S1 S2 %s is stopped by a named limit while the core answers, and the next is read',
    async (_, content, limit) => {
      const reading = bench.failure('pdf.text', { path: put(content()) })
      expect(await turnsDuring(reading)).toBeGreaterThan(5)
      expect(await reading).toMatchObject({ kind: 'script-limit', ...limit })
      expect((await reading).message).toContain('a.pdf')
      expect(await bench.ok('pdf.text', { path: put(three) })).toMatchObject({ pageCount: 3 })
    },
    30_000,
  )

  test.each(twisted)('S1 %s is read as the one page it is', async (_, content) => {
    expect(await bench.ok('pdf.text', { path: put(content()) })).toMatchObject({ pageCount: 1, next: null })
  })

  test('any damage ends in an answer or a failure of the file', async () => {
    const whole = textDocument(['Hello', 'World'], '/Title (T)')
    const damage = fc.array(
      fc.record({ at: fc.nat(whole.length - 1), byte: fc.integer({ min: 0, max: 255 }), cut: fc.nat(40) }),
      { minLength: 1, maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(damage, async hits => {
        const bytes = hits.reduce(
          (before, { at, byte, cut }) =>
            Buffer.concat([before.subarray(0, at), Buffer.from([byte]), before.subarray(at + cut)]),
          whole,
        )
        const ended = await bench.call('pdf.text', { path: put(bytes) })
        if (!ended.ok) expect(['bad-response', 'invalid-input']).toContain(ended.failure.kind)
      }),
      { numRuns: 150, endOnFailure: true },
    )
  }, 30_000)
})

describe('where PDFs may be', () => {
  test('only inside the granted folder, and never by a link', async () => {
    const outside = path.join(bench.outside, 'b.pdf')
    fs.writeFileSync(outside, three)
    fs.symlinkSync(outside, bench.path('link.pdf'))
    fs.linkSync(outside, bench.path('second.pdf'))
    const tricks = [
      outside,
      bench.path('..', 'outside', 'b.pdf'),
      bench.path('link.pdf'),
      bench.path('second.pdf'),
    ]
    for (const file of tricks) {
      expect(await bench.failure('pdf.text', { path: file })).toMatchObject({ kind: 'not-permitted' })
    }
    expect(await bench.failure('pdf.text', { path: '/proc/self/environ' })).toMatchObject({
      kind: 'not-permitted',
    })
    expect(await bench.failure('pdf.text', { path: bench.root })).toMatchObject({ kind: 'rejected' })
    expect(await bench.failure('pdf.text', { path: bench.path('no.pdf') })).toMatchObject({
      kind: 'rejected',
    })
  })

  test('only up to 64 MB', async () => {
    const file = put(Buffer.from('%PDF-1.7'))
    fs.truncateSync(file, 67_108_865)
    expect(await bench.failure('pdf.text', { path: file })).toMatchObject({ kind: 'rejected' })
  })
})
