/**
 * The text of a PDF, page by page: a compute job. Reads nothing but the bytes it is given, runs nothing that is in
 * them, and stops between two pages when its time or its room is used up, saying where to go on.
 */
import { isMainThread } from 'node:worker_threads'
import type { PDFDocumentProxy } from 'unpdf/pdfjs'
import { getDocumentProxy, getResolvedPDFJS } from 'unpdf'
import { fail } from '../../../domain/failure.ts'

/**
 * Of a damaged document the library leaves promises to themselves that then fail. Its answer tells what is to be
 * told; a thread that died of the rest would take the next document with it.
 */
if (!isMainThread) process.on('unhandledRejection', () => undefined)

/** A share of what a job may take, so that a long document is answered in pieces and not stopped as a whole. */
const PATIENCE_MS = 2_500
const LONGEST_PROPERTY = 2_000

export interface PdfInput {
  bytes: Uint8Array
  /** The file as messages name it. */
  shown: string
  /** 1-based. */
  from: number
  /** Null for the last page there is. */
  to: number | null
  /** Characters of text at most. */
  room: number
}

export interface PdfPage {
  page: number
  text: string
  /** Whether the text was longer than the room there was. */
  cut: boolean
}

export interface PdfProperties {
  title: string | null
  author: string | null
  subject: string | null
  keywords: string | null
  creator: string | null
  producer: string | null
  created: number | null
  modified: number | null
}

export interface PdfOutput {
  pageCount: number
  pages: PdfPage[]
  /** The first page that was asked for and is not in `pages`. */
  next: number | null
  properties: PdfProperties
}

export async function readPdf(input: PdfInput): Promise<PdfOutput> {
  const document = await open(input)
  try {
    const last = lastPage(input, document.numPages)
    const pages = await readPages(document, input, last)
    const next = input.from + pages.length
    return {
      pageCount: document.numPages,
      pages,
      next: next > last ? null : next,
      properties: await propertiesOf(document),
    }
  } catch (error) {
    explain(error, input.shown)
  } finally {
    await document.loadingTask.destroy()
  }
}

const QUIET: Parameters<typeof getDocumentProxy>[1] = {
  verbosity: 0,
  isOffscreenCanvasSupported: false,
  disableFontFace: true,
  useSystemFonts: false,
  useWorkerFetch: false,
  stopAtErrors: false,
}

async function open({ bytes, shown }: PdfInput): Promise<PDFDocumentProxy> {
  try {
    return await getDocumentProxy(bytes, QUIET)
  } catch (error) {
    explain(error, shown)
  }
}

function lastPage({ from, to, shown }: PdfInput, pageCount: number): number {
  if (from <= Math.max(pageCount, 1)) return Math.min(to ?? pageCount, pageCount)
  const has = pageCount === 1 ? '1 page' : `${String(pageCount)} pages`
  fail({
    kind: 'invalid-input',
    path: 'from',
    message: `${shown} has ${has}, so there was no page ${String(from)} to read. Nothing was changed.`,
  })
}

async function readPages(document: PDFDocumentProxy, input: PdfInput, last: number): Promise<PdfPage[]> {
  const begun = performance.now()
  const pages: PdfPage[] = []
  let room = input.room
  for (let number = input.from; number <= last; number++) {
    const text = await textOf(document, number)
    if (text.length > room && pages.length > 0) break
    pages.push({ page: number, text: text.slice(0, room).toWellFormed(), cut: text.length > room })
    room -= text.length
    if (performance.now() - begun > PATIENCE_MS) break
  }
  return pages
}

async function textOf(document: PDFDocumentProxy, number: number): Promise<string> {
  const page = await document.getPage(number)
  const { items } = await page.getTextContent()
  page.cleanup()
  return items.map(item => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('')
}

async function propertiesOf(document: PDFDocumentProxy): Promise<PdfProperties> {
  const { PDFDateString } = await getResolvedPDFJS()
  const { info } = await document.getMetadata()
  const values = new Map<string, unknown>(Object.entries(info))
  const text = (name: string): string | null => {
    const value = values.get(name)
    if (typeof value !== 'string' || value.trim() === '') return null
    return value.trim().slice(0, LONGEST_PROPERTY).toWellFormed()
  }
  const time = (name: string): number | null => {
    const at = PDFDateString.toDateObject(text(name) ?? '')?.getTime()
    return at === undefined || Number.isNaN(at) ? null : at
  }
  return {
    title: text('Title'),
    author: text('Author'),
    subject: text('Subject'),
    keywords: text('Keywords'),
    creator: text('Creator'),
    producer: text('Producer'),
    created: time('CreationDate'),
    modified: time('ModDate'),
  }
}

/** The errors of the library, known by their names; what has another one is a bug and stays an error. */
const BROKEN = new Set(['InvalidPDFException', 'FormatError', 'UnknownErrorException', 'XRefParseException'])

function explain(error: unknown, shown: string): never {
  const name = error instanceof Error ? error.name : ''
  if (name === 'PasswordException') {
    fail({
      kind: 'invalid-input',
      path: 'path',
      message: `${shown} is protected by a password, so its text was not read. Nothing was changed. Save a copy without the password, and use that.`,
    })
  }
  if (!BROKEN.has(name)) throw error
  fail({
    kind: 'bad-response',
    message: `${shown} is not a PDF, or a damaged one: it could not be taken apart. Nothing was changed. Try to open it in a PDF viewer.`,
  })
}
