/** `notes`: what automations wrote down, to be read, searched, and taken along as Markdown files. */
import fs from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { NoteHead, NoteView } from '../server/api.ts'
import { numberText, theCore } from './client.ts'
import { answering, wholeNumberOption } from './command.ts'
import type { Answer } from './command.ts'
import { CommandFailed, EXIT } from './exit.ts'
import { count, localTime, safe, table } from './terminal.ts'

interface PageOptions {
  automation?: string
  limit?: number
  cursor?: string
}

interface Chosen {
  automation?: string
  tag?: string
}

const LONGEST_LINE = 1_048_576

export function addNoteCommands(program: Command): void {
  const notes = program.command('notes').description('what automations wrote down')
  const list = paged(notes.command('list', { isDefault: true }))
    .option('--tag <tag>', 'only those with this tag')
    .description('show them, the one changed last first')
  answering(list, listNotes)
  answering(notes.command('show').argument('<id>').description('show one with its text'), showNote)
  const search = paged(notes.command('search').argument('<words...>'))
  answering(search.description('find those in which all of these words occur, best first'), searchNotes)
  answering(
    notes
      .command('export')
      .argument('<folder>', 'where nothing is yet')
      .option('--automation <automation>', 'of this one only')
      .option('--tag <tag>', 'only those with this tag')
      .description('write each to a Markdown file; for spreadsheets: steward export notes'),
    exportNotes,
  )
}

function paged(command: Command): Command {
  return command
    .option('--automation <automation>', 'of this one only')
    .option('--limit <n>', 'how many at most', wholeNumberOption)
    .option('--cursor <place>', 'where the list begins, as the page before said')
}

async function listNotes({ automation, tag, limit, cursor }: PageOptions & Chosen): Promise<Answer> {
  const query = { automation, tag, limit: numberText(limit), cursor }
  const page = await theCore().get('/notes', { query })
  const rows = page.items.map(note => [note.id, ...cellsOf(note)])
  const isChosen = [automation, tag, cursor].some(each => each !== undefined)
  const none = isChosen ? 'There is no such note.' : 'No automation has written a note.'
  return {
    document: page,
    text:
      rows.length === 0
        ? none
        : table(['ID', 'CHANGED', 'AUTOMATION', 'LENGTH', 'TITLE'], rows) + moreText(page.next),
  }
}

function cellsOf({ updatedAt, automation, characters, title }: NoteHead): string[] {
  return [localTime(updatedAt), automation.name, String(characters), title]
}

async function searchNotes(words: string[], { automation, limit, cursor }: PageOptions): Promise<Answer> {
  const query = { query: words.join(' '), automation, limit: numberText(limit), cursor }
  const page = await theCore().get('/notes/search', { query })
  const found = page.items.map(
    note => `${note.id}  ${safe(note.automation.name)}: ${safe(note.title)}\n  ${safe(note.excerpt, 1_000)}`,
  )
  const none = 'Nothing was found. Words are whole: “invoice” does not find “invoices”.'
  return { document: page, text: found.length === 0 ? none : found.join('\n\n') + moreText(page.next) }
}

function moreText(next: string | null): string {
  return next === null ? '' : `\n\nFurther ones: add --cursor ${next}`
}

async function showNote(id: string): Promise<Answer> {
  const note = await theCore().get('/notes/:id', { param: { id } })
  return { document: note, text: plainText(note) }
}

function plainText(note: NoteView): string {
  const { title, text, tags, automation, updatedAt, outside } = note
  const from = outside ? ' · from outside' : ''
  const tagged = tags.length === 0 ? '' : ` · ${tags.join(', ')}`
  const head = `${safe(automation.name)} · ${localTime(updatedAt)}${safe(tagged)}${from}`
  return [safe(title), head, '', ...text.split('\n').map(line => safe(line, LONGEST_LINE))].join('\n')
}

async function exportNotes(given: string, { automation, tag }: Chosen): Promise<Answer> {
  const folder = path.resolve(given)
  if (fs.existsSync(folder))
    throw new CommandFailed(EXIT.usage, `There is something at ${folder} already. Nothing was written.`)
  const core = theCore()
  const heads = await core.all('/notes', { query: { automation, tag } })
  fs.mkdirSync(folder, { mode: 0o700 })
  const taken = new Set<string>()
  for (const { id } of heads) {
    const note = await core.get('/notes/:id', { param: { id } })
    const file = path.join(folder, freeName(note, taken))
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    fs.writeFileSync(file, markdownOf(note), { flag: 'wx', mode: 0o600 })
  }
  const text = `Wrote ${count(heads.length, 'note')} to ${folder}.`
  return { document: { folder, notes: heads.length }, text }
}

/** The folder of its automation, and its title as every file system takes it. Two of one title are two files. */
function freeName({ automation, title }: NoteView, taken: Set<string>): string {
  const base = path.join(fileName(automation.name), fileName(title))
  for (let number = 1; ; number++) {
    const name = `${base}${number === 1 ? '' : ` (${String(number)})`}.md`
    const key = name.normalize('NFC').toLowerCase()
    if (taken.has(key)) continue
    taken.add(key)
    return name
  }
}

const DEVICE_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

function fileName(title: string): string {
  const plain = safe(title, 100)
    .replace(/[\\/:*?"<>|]/g, '-')
    .replace(/^[. ]+|[. ]+$/g, '')
    .replace(DEVICE_NAME, '$1-')
  return plain === '' ? 'untitled' : plain
}

function markdownOf({ title, text, tags, automation, createdAt, updatedAt }: NoteView): string {
  const times = `from ${new Date(createdAt).toISOString()}, changed ${new Date(updatedAt).toISOString()}`
  const tagged = tags.length === 0 ? '' : `; ${tags.join(', ')}`
  return `# ${title}\n\n*${automation.name}, ${times}${tagged}*\n\n${text}\n`
}
