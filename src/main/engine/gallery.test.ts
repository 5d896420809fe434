import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Contract } from '../../domain/contract.ts'
import { isFailureError } from '../../domain/failure.ts'
import type { Failure } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import { contractText, parseContract } from '../../domain/policy.ts'
import { parseScript } from '../../sandbox/script-syntax.ts'
import { fillGallery, listGallery, readGallery, showGallery } from './gallery.ts'
import type { FilledEntry, GallerySlot } from './gallery.ts'

let home: string

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-gallery-'))
  for (const folder of ['Backups', 'Documents', 'Downloads', 'Pictures/Camera'])
    fs.mkdirSync(path.join(home, folder), { recursive: true })
  for (const file of ['file.txt', 'app.log']) fs.writeFileSync(path.join(home, file), '')
})

afterAll(() => {
  fs.rmSync(home, { recursive: true })
})

function fill(id: string, slots: Record<string, string>, name?: string): FilledEntry {
  return fillGallery(id, slots, name, { home, zone: 'Europe/Berlin' })
}

function refusal(action: () => unknown): Failure {
  try {
    action()
  } catch (error) {
    if (isFailureError(error)) return error.failure
    throw error
  }
  throw new Error('nothing was refused')
}

function contractOf(filled: FilledEntry): Contract {
  const parsed = parseContract(filled.contract)
  if (!parsed.ok) throw new Error(parsed.failure.message)
  return parsed.contract
}

/** The values a filled script was given. */
function slotsOf(filled: FilledEntry): Record<string, Json> {
  const { program } = parseScript(filled.source)
  for (const node of program?.body ?? []) {
    const declarator = node.type === 'VariableDeclaration' ? node.declarations[0] : undefined
    if (declarator?.id.type !== 'Identifier' || declarator.id.name !== 'slots') continue
    return JSON.parse(filled.source.slice(declarator.init?.start, declarator.init?.end)) as Record<
      string,
      Json
    >
  }
  throw new Error('the script has no slots')
}

function importsOf(source: string): string[] {
  const { program } = parseScript(source)
  return (program?.body ?? []).flatMap(node =>
    node.type === 'ImportDeclaration' ? [String(node.source.value)] : [],
  )
}

/** An answer that leaves nothing shorter than it may be. */
function longest({ kind, example }: GallerySlot): string {
  const name = 'W'.repeat(200)
  const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example.com`
  if (kind === 'folder') fs.mkdirSync(path.join(home, name), { recursive: true })
  if (kind === 'file') fs.writeFileSync(path.join(home, `${name}.txt`), '')
  const answers: Partial<Record<GallerySlot['kind'], string>> = {
    folder: `~/${name}`,
    file: `~/${name}.txt`,
    url: `https://${host}/${name}`,
    urls: `https://${host}/${name} https://example.org/`,
    text: name.slice(0, 40),
  }
  return answers[kind] ?? example
}

describe('what ships', () => {
  it('is listed with its promise', () => {
    expect(listGallery().map(({ id, title }) => [id, title])).toEqual(
      expect.arrayContaining([
        ['tidy-folder', 'Tidy a folder'],
        ['watch-address', 'Watch an address'],
      ]),
    )
    for (const { promise, version, icon } of listGallery()) {
      expect([promise.endsWith('.'), version, icon !== '']).toEqual([true, 1, true])
    }
  })

  it('can be looked for in English and in German', () => {
    for (const { id, keywords } of readGallery()) {
      const { en = [], de = [] } = keywords ?? {}
      expect([id, en.length >= 5, de.length >= 5]).toEqual([id, true, true])
      expect(new Set(en).size + new Set(de).size).toBe(en.length + de.length)
    }
  })

  it.each(listGallery().map(({ id }) => id))(
    '%s: becomes a contract and a script from its own examples',
    id => {
      const { slots } = showGallery(id)
      const filled = fill(id, Object.fromEntries(slots.map(slot => [slot.name, slot.example])))
      const contract = contractOf(filled)
      expect(importsOf(filled.source).sort()).toEqual([...contract.uses].sort())
      expect(contract.done.length).toBeGreaterThan(0)
      expect(contract.zone).toBe('Europe/Berlin')
      expect(JSON.stringify(contractText(contract))).not.toMatch(/undefined|\{\{|\[object/)
    },
  )

  it.each(listGallery().map(({ id }) => id))('%s: its defaults pass its own checks, one by one', id => {
    const { slots } = showGallery(id)
    const needed = Object.fromEntries(
      slots.flatMap(slot => (slot.required && slot.default === null ? [[slot.name, slot.example]] : [])),
    )
    const filled = fill(id, needed)
    const spelled = fill(id, {
      ...needed,
      ...Object.fromEntries(
        slots.flatMap(slot => (slot.default === null ? [] : [[slot.name, slot.default]])),
      ),
    })
    expect(spelled).toEqual(filled)
  })

  it.each(listGallery().map(({ id }) => id))('%s: takes names and addresses as long as they come', id => {
    const { slots } = showGallery(id)
    const answers = Object.fromEntries(slots.map(slot => [slot.name, longest(slot)]))
    const choices = slots.flatMap(({ name, choices: all }) => all.map(({ value }) => [name, value] as const))
    for (const [name, value] of [['', ''] as const, ...choices]) {
      const given = name === '' ? answers : { ...answers, [name]: value }
      const filled = fillGallery(id, given, undefined, { home, zone: 'America/Argentina/ComodRivadavia' })
      expect(contractOf(filled).promise).not.toBe('')
    }
  })

  it('an entry that does not exist is refused by naming those that do', () => {
    const ids = listGallery()
      .map(({ id }) => id)
      .join(', ')
    for (const id of ['nope', '../tidy-folder', '', 'tidy-folder/']) {
      expect(refusal(() => showGallery(id))).toMatchObject({
        kind: 'invalid-input',
        path: 'id',
        message: `There is no “${id === '' ? '' : id}” in the gallery. Nothing was changed. There are: ${ids}.`,
      })
    }
  })
})

describe('an optional slot', () => {
  it('has words for the contract where it is given and where it is not', () => {
    const folder = path.join(home, 'entries')
    fs.mkdirSync(path.join(folder, 'odd'), { recursive: true })
    const slot = {
      ...{ name: 'to', label: 'To', question: 'Where?', kind: 'folder', example: '~', required: false },
      phrases: { given: 'into {{to.name}}', empty: 'nowhere' },
    }
    const entry = {
      id: 'odd',
      title: 'Odd',
      promise: 'Odd.',
      icon: 'x',
      version: 1,
      name: 'odd',
      slots: [slot],
    }
    const contract = { schema: 1, title: 'Odd', promise: 'Goes {{to.phrase}}.', zone: '{{zone}}', when: [] }
    const files = {
      'gallery.json': JSON.stringify(entry),
      'contract.json': JSON.stringify({ ...contract, uses: [], reads: {} }),
      'script.js': 'const slots = /*slots*/ {}',
    }
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, 'odd', name), text)
    const promise = (slots: Record<string, string>) =>
      contractOf(fillGallery('odd', slots, undefined, { folder, home, zone: 'UTC' })).promise
    expect([promise({}), promise({ to: '~/Downloads' })]).toEqual(['Goes nowhere.', 'Goes into Downloads.'])
  })
})

describe('tidy-folder', () => {
  it('is granted its folder and nothing else', () => {
    const folder = path.join(home, 'Downloads')
    const contract = contractOf(fill('tidy-folder', { folder: '~/Downloads/' }))
    expect(contract).toMatchObject({
      title: 'Tidy Downloads',
      when: [{ kind: 'interval', everyMs: 900_000 }],
      reads: { hosts: [], paths: [folder], accounts: [] },
      changes: [{ tool: 'files.move', paths: [folder], approval: 'never' }],
      notifies: true,
      models: false,
    })
  })

  it('may append to its note only when a note is wanted, and notify only when a notice is', () => {
    const powers = (digest: string) => {
      const { changes, notifies } = contractOf(fill('tidy-folder', { folder: '~/Downloads', digest }))
      return [changes.map(({ tool, paths }) => `${tool} ${String(paths)}`), notifies]
    }
    const folder = path.join(home, 'Downloads')
    const move = `files.move ${folder}`
    expect(powers('notify')).toEqual([[move], true])
    expect(powers('note')).toEqual([[move, `files.append ${folder}/Tidied.md`], false])
    expect(powers('none')).toEqual([[move], false])
  })

  it('gives its script the rules as data', () => {
    const filled = fill('tidy-folder', {
      folder: '~/Downloads',
      rules: 'PDF → A; .tar.gz → B',
      minAgeMinutes: '0',
    })
    expect(slotsOf(filled)).toEqual({
      folder: path.join(home, 'Downloads'),
      rules: [
        { folder: 'A', extensions: ['pdf'] },
        { folder: 'B', extensions: ['tar.gz'] },
      ],
      minAgeMinutes: 0,
      everyMinutes: 15,
      digest: 'notify',
    })
  })

  it('is named for its folder unless it is named otherwise', () => {
    fs.mkdirSync(path.join(home, 'Ümläut & Co'))
    fs.mkdirSync(path.join(home, '東京'))
    expect(fill('tidy-folder', { folder: '~/Downloads' }).name).toBe('tidy-downloads')
    expect(fill('tidy-folder', { folder: '~/Ümläut & Co' }).name).toBe('tidy-umlaut-co')
    expect(fill('tidy-folder', { folder: '~/東京' }).name).toBe('tidy')
    expect(fill('tidy-folder', { folder: '~/Downloads' }, 'mine').name).toBe('mine')
  })

  it('takes a folder with any name without losing or gaining a power', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter(text => text.isWellFormed() && !/[/\0]/.test(text) && text !== '.' && text !== '..')
      .filter(text => text.trim() !== '' && Buffer.byteLength(text) <= 200)
    fc.assert(
      fc.property(name, text => {
        const folder = path.join(home, 'odd', text)
        fs.mkdirSync(folder, { recursive: true })
        const filled = fill('tidy-folder', { folder })
        expect(contractOf(filled).changes.map(({ paths }) => paths)).toEqual([[folder]])
        expect(slotsOf(filled)['folder']).toBe(folder)
      }),
      { numRuns: 50 },
    )
  })
})

describe('watch-address', () => {
  it('is granted the one host, to the letter, and no change', () => {
    const contract = contractOf(
      fill('watch-address', { url: 'HTTP://Example.COM:80/a?b=c#d', everyMinutes: '1' }),
    )
    expect(contract).toMatchObject({
      title: 'Watch example.com/a',
      when: [{ kind: 'interval', everyMs: 60_000 }],
      reads: { hosts: ['example.com'], paths: [], accounts: [] },
      changes: [],
      budget: { actionsPerRun: 0, actionsPerHour: 0, actionsPerDay: 0 },
    })
    expect(contract.promise).toContain('every minute.')
  })

  it.each([
    ['http://127.0.0.1:8080/x', '127.0.0.1:8080'],
    ['http://localhost:3000', 'localhost:3000'],
    ['http://[::1]:9/', '[::1]:9'],
    ['https://192.168.1.1', '192.168.1.1'],
  ])('may watch this machine and the local network, by name: %s', (url, host) => {
    expect(contractOf(fill('watch-address', { url })).reads.hosts).toEqual([host])
  })

  it('leaves out what is not asked for', () => {
    expect(slotsOf(fill('watch-address', { url: 'https://a.example', contains: '' }))).toEqual({
      url: 'https://a.example/',
      everyMinutes: 5,
      failuresBeforeAlert: 2,
      expectStatus: null,
      contains: null,
      watchChanges: 'yes',
    })
  })

  it('carries any expected text to the script and into nothing else', () => {
    const plain = fill('watch-address', { url: 'https://a.example' })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), text => {
        fc.pre(text.isWellFormed() && text.trim() !== '')
        const filled = fill('watch-address', { url: 'https://a.example', contains: text })
        expect(slotsOf(filled)['contains']).toBe(text)
        expect(filled.contract).toEqual(plain.contract)
      }),
      { numRuns: 50 },
    )
  })
})

describe('answers that do not fit', () => {
  it('are all named at once, each with an example', () => {
    const failure = refusal(() =>
      fill('watch-address', { url: 'ftp://x', everyMinutes: '0', colour: 'red' }, 'No Name'),
    )
    expect(failure).toMatchObject({ kind: 'invalid-input', path: 'colour' })
    expect(failure.message).toBe(
      '“Watch an address” was not set up, for 4 reasons; nothing was changed. ' +
        '“colour” is not among its settings, which are url, everyMinutes, failuresBeforeAlert, expectStatus, contains, watchChanges. ' +
        'url “ftp://x” does not begin with http:// or https:// (for example: https://example.com/status). ' +
        'everyMinutes “0” is less than 1 (for example: 5). ' +
        'the name “No Name” takes lower-case letters, digits and hyphens, 64 at most (for example: watch-address).',
    )
  })

  it.each([
    ['folder', '', 'folder is missing'],
    ['folder', 'Downloads', 'folder “Downloads” is not an absolute path, such as /home/me/a.txt or ~/a.txt'],
    ['folder', '~/nothing', 'folder “~/nothing” does not exist'],
    ['folder', '~/file.txt', 'folder “~/file.txt” is not a folder'],
    ['folder', '~/file.txt/x', 'folder “~/file.txt/x” does not exist'],
    ['folder', '/', 'folder “/” is a whole disk'],
    ['folder', `/${'x'.repeat(4_096)}`, 'is longer than 4096 characters'],
    ['folder', '~/a\ud800', 'contains half a character'],
    ['folder', '~/a\0b', 'contains a NUL character'],
    ['rules', 'pdf → ../up', 'is not a plain path of sub-folders, such as Media/Photos'],
    ['minAgeMinutes', '1.5', 'minAgeMinutes “1.5” is not a whole number of minutes'],
    ['minAgeMinutes', '-1', 'minAgeMinutes “-1” is less than 0'],
    ['everyMinutes', '1e3', 'everyMinutes “1e3” is not a whole number of minutes'],
    ['everyMinutes', '999999', 'everyMinutes “999999” is more than 10080'],
    ['everyMinutes', ' ', 'everyMinutes is missing'],
    ['digest', 'mail', 'digest “mail” is none of notify, note, none'],
    ['__proto__', 'x', '“__proto__” is not among its settings'],
  ])('%s = %j is refused', (slot, text, problem) => {
    const slots = Object.fromEntries([
      ['folder', '~/Downloads'],
      [slot, text],
    ])
    const failure = refusal(() => fill('tidy-folder', slots))
    expect(failure.kind).toBe('invalid-input')
    expect(failure.message).toContain('for one reason; nothing was changed.')
    expect(failure.message).toContain(problem)
  })

  it.each([
    ['url', 'example.com', 'does not begin with http:// or https://'],
    ['url', 'https://me:secret@example.com', 'contains a user name or password'],
    ['url', 'http://exa mple.com', 'contains a space, a line break or a control character'],
    ['url', 'javascript:alert(1)', 'does not begin with http:// or https://'],
    ['failuresBeforeAlert', '2.5', 'is not a whole number'],
    ['failuresBeforeAlert', 'two', 'is not a number'],
    ['expectStatus', '42', 'is less than 100'],
    ['contains', 'x'.repeat(1_001), 'is longer than 1000 characters'],
  ])('%s = %j is refused', (slot, text, problem) => {
    const failure = refusal(() => fill('watch-address', { url: 'https://a.example', [slot]: text }))
    expect(failure.message).toContain(problem)
  })
})
