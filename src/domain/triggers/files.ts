/**
 * Files that came or changed in a folder. What is there now is held against what was there at the last look (name,
 * size, time, inode), so what changed while nobody looked is found; a file counts once it has been at rest.
 */
import { z } from 'zod'
import type { Language } from '../language.ts'
import { visibleText } from '../approval.ts'
import { existing, lookEvery, root } from '../contract-fields.ts'
import { defineTrigger, keyOf } from './trigger.ts'
import type { FolderScan, Look, Looking, ScannedFile } from './trigger.ts'
import { everyWords } from './words.ts'

/** Files of one event. */
const AT_ONCE = 100
/** Files under watch; what is remembered of them is read and written with every look. */
const MOST_FILES = 20_000

const found = z.strictObject({
  path: z.string(),
  name: z.string().describe('Below the folder, with /.'),
  bytes: z.int(),
  modified: z.int().describe('UTC ms.'),
  change: z.enum(['created', 'changed']),
})

const payload = z.strictObject({
  trigger: z.literal('files'),
  folder: z.string(),
  batch: z.int().describe('1 for the first event since the automation went live, then counted up.'),
  files: z.array(found).describe('By name; 100 at most, more come as further events.'),
})
type Payload = z.output<typeof payload>

/** Endings that programs give to what is still arriving: a file has come once it bears its real name. */
const ARRIVING = [
  ...['.part', '.partial', '.crdownload', '.download'],
  ...['.opdownload', '.filepart', '.aria2', '.!ut'],
]

const schema = z.strictObject({
  kind: z.literal('files'),
  folder: root,
  /** Names, in any case: `*.pdf`, `scan-??.*`. All of them without it. */
  match: z.string().min(1).max(255).optional(),
  recursive: z.boolean().default(false),
  on: z
    .array(z.enum(['created', 'changed'], { error: 'takes “created” and “changed”' }))
    .min(1, { error: 'names nothing to look for: write ["created"], or leave it out' })
    .default(['created', 'changed']),
  settleMs: z
    .int()
    .min(0)
    .max(3_600_000, { error: 'is more than 3600000 (an hour): wait less long for a file to be at rest' })
    .default(2_000),
  everyMs: lookEvery(5_000, 60_000),
  existing,
})
type Spec = z.output<typeof schema>

/** Size and time, then the inode: `1024.1772000000000000000 815`. */
type Mark = string

type Cursor = {
  folder: string
  batch: number
  known: Record<string, Mark>
  /** Not at rest yet: its mark, and since when it has had it. */
  pending: Record<string, [mark: Mark, since: number]>
}

export const files = defineTrigger({
  kind: 'files',
  title: 'When files come or change in a folder',
  doc: 'Looks at a granted folder now and then, and at once when the system tells of a change. A file counts when it has not changed for `settleMs`; one that was only renamed or moved within the folder does not count again, and one that still bears the ending of an unfinished download (`.part`, `.crdownload`) does not count yet. Up to 20,000 files.',
  schema,
  examples: [
    { kind: 'files', folder: '/home/me/Downloads', match: '*.pdf' },
    { kind: 'files', folder: '/home/me/Scans', recursive: true, on: ['created'], settleMs: 10_000 },
  ],
  payload,
  key: ({ batch, files: given }) => keyOf([String(batch), ...given.map(({ name }) => name)]),
  identity: ({ folder, match = '', recursive }) => `files ${JSON.stringify([folder, match, recursive])}`,
  describe: words,
  watch: {
    touches: ({ folder }) => ({ paths: [{ path: folder, access: 'read' }] }),
    everyMs: ({ everyMs }) => everyMs,
    look,
  },
})

function words(spec: Spec, _: string, language?: Language): string {
  return language === 'de' ? germanWords(spec) : englishWords(spec)
}

function germanWords({ folder, match, recursive, on, everyMs, existing: old }: Spec): string {
  const which = match === undefined ? 'eine Datei' : `eine Datei „${visibleText(match)}“`
  const what =
    on.length > 1 ? 'dazukommt oder sich ändert' : on[0] === 'created' ? 'dazukommt' : 'sich ändert'
  const where = `${visibleText(folder)}${recursive ? ' oder darunter' : ''}`
  const start = old === 'process' ? '; was schon da ist, gilt als neu' : ''
  return `Wenn ${which} in ${where} ${what}, nachgesehen spätestens ${everyWords(everyMs, 'de')}${start}`
}

function englishWords({ folder, match, recursive, on, everyMs, existing: old }: Spec): string {
  const which = match === undefined ? 'a file' : `a file “${visibleText(match)}”`
  const what = on.length > 1 ? 'comes or changes' : on[0] === 'created' ? 'comes' : 'changes'
  const where = `${visibleText(folder)}${recursive ? ' or below it' : ''}`
  const start = old === 'process' ? '; what is there already counts as new' : ''
  return `When ${which} ${what} in ${where}, looked at ${everyWords(everyMs)} at the latest${start}`
}

async function look({
  spec,
  cursor,
  now,
  most,
  ports,
}: Looking<Spec, Cursor>): Promise<Look<Payload, Cursor>> {
  const { folder, recursive, match = null } = spec
  const all = await ports.scan({ folder, recursive, match, most: MOST_FILES })
  const scan = isArrivingName(match ?? '') ? all : withoutArriving(all)
  if (cursor === null && spec.existing === 'skip') return baseline(scan)
  const before = cursor ?? { folder: scan.identity, batch: 0, known: {}, pending: {} }
  const compared = compare(before, scan, now, spec.settleMs)
  const wanted = compared.fresh.filter(({ change }) => spec.on.includes(change))
  const given = wanted.slice(0, most * AT_ONCE)
  const left = new Set(wanted.slice(given.length).map(({ file }) => file.name))
  const known = { ...compared.known }
  for (const { file } of compared.fresh) if (!left.has(file.name)) known[file.name] = markOf(file)
  const payloads = batches(folder, given, before.batch)
  const since = Object.values(compared.pending).map(([, at]) => at + spec.settleMs)
  return {
    payloads,
    cursor: {
      folder: scan.identity,
      batch: before.batch + payloads.length,
      known,
      pending: compared.pending,
    },
    saw: scan.files.length,
    found: given.length,
    more: left.size > 0,
    ...(since.length === 0 ? {} : { nextLookAt: Math.max(now + 1, Math.min(...since)) }),
  }
}

/** What is there is known, at rest or not. */
function baseline(scan: FolderScan): Look<Payload, Cursor> {
  const known = Object.fromEntries(scan.files.map(file => [file.name, markOf(file)]))
  const cursor = { folder: scan.identity, batch: 0, known, pending: {} }
  return { payloads: [], cursor, saw: scan.files.length, found: 0, more: false }
}

function withoutArriving(scan: FolderScan): FolderScan {
  const names = new Set(scan.files.map(({ name }) => name))
  // Some browsers hold the real name with an empty file while the content arrives beside it.
  const isHeld = ({ name, bytes }: ScannedFile) => bytes === 0 && ARRIVING.some(end => names.has(name + end))
  return { ...scan, files: scan.files.filter(file => !isArrivingName(file.name) && !isHeld(file)) }
}

function isArrivingName(name: string): boolean {
  const lower = name.toLowerCase()
  return ARRIVING.some(end => lower.endsWith(end))
}

interface Fresh {
  file: ScannedFile
  change: 'created' | 'changed'
}

interface Compared {
  /** At rest, and new or changed. */
  fresh: Fresh[]
  /** Of what is neither. */
  known: Record<string, Mark>
  pending: Cursor['pending']
}

function compare(before: Cursor, scan: FolderScan, now: number, settleMs: number): Compared {
  const sameFolder = scan.identity === before.folder
  const here = new Map(scan.files.map(file => [file.name, markOf(file)]))
  const gone = Object.entries(before.known).filter(([name]) => !here.has(name))
  // What stands under its name no more, because it is gone or another took the name, may be there under another.
  const moved = new Set(
    Object.entries(before.known).flatMap(([name, mark]) => (here.get(name) === mark ? [] : mark)),
  )
  // Another folder in its place is most likely a disk that comes or goes: what was known there stays known.
  const staysKnown = (name: string) => !sameFolder || scan.unread.some(folder => name.startsWith(folder))
  const known: Compared['known'] = Object.fromEntries(gone.filter(([name]) => staysKnown(name)))
  const pending: Compared['pending'] = {}
  const fresh: Fresh[] = []
  for (const file of scan.files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const mark = markOf(file)
    const old = before.known[file.name]
    if (moved.has(mark) || (old !== undefined && isSame(old, mark, sameFolder))) {
      known[file.name] = mark
      continue
    }
    const since = restingSince(before.pending[file.name], file, mark, now)
    if (now - since >= settleMs) fresh.push({ file, change: old === undefined ? 'created' : 'changed' })
    else {
      pending[file.name] = [mark, since]
      if (old !== undefined) known[file.name] = old
    }
  }
  return { fresh, known, pending }
}

/** Since when it is as it is: the disk says so, unless its clock is ahead of ours. */
function restingSince(
  earlier: [Mark, number] | undefined,
  { changed }: ScannedFile,
  mark: Mark,
  now: number,
): number {
  const seen = earlier?.[0] === mark ? Math.min(earlier[1], now) : now
  return changed <= now ? Math.min(seen, changed) : seen
}

/** Some disks give other inodes each time they are attached; within one folder another inode is another file. */
function isSame(old: Mark, mark: Mark, sameFolder: boolean): boolean {
  return sameFolder ? old === mark : old.split(' ')[0] === mark.split(' ')[0]
}

function markOf({ bytes, modifiedNs, inode }: ScannedFile): Mark {
  return `${bytes}.${modifiedNs} ${inode}`
}

function batches(folder: string, given: readonly Fresh[], before: number): Payload[] {
  return Array.from({ length: Math.ceil(given.length / AT_ONCE) }, (_, place) => ({
    trigger: 'files' as const,
    folder,
    batch: before + place + 1,
    files: given.slice(place * AT_ONCE, (place + 1) * AT_ONCE).map(({ file, change }) => ({
      path: file.path,
      name: file.name,
      bytes: file.bytes,
      modified: file.modified,
      change,
    })),
  }))
}
