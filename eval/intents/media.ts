/** Wishes about archives, pictures and documents. */
import sharp from 'sharp'
import { photo } from '../../test/support/picture-maker.ts'
import { textDocument } from '../../test/support/pdf-maker.ts'
import type { Intent } from '../intent.ts'
import { at, whenFiles } from '../triggers.ts'

const WRITTEN = ['files.write', 'files.append'] as const

/** An empty archive: a directory that ends at once. */
const EMPTY_ZIP = async () => new Uint8Array([0x50, 0x4b, 5, 6, ...Array.from({ length: 18 }, () => 0)])

const wide = () =>
  sharp({ create: { width: 1600, height: 900, channels: 3, background: '#336699' } })
    .jpeg()
    .toBuffer()

const weeklyZip: Intent = {
  id: 'weekly-zip',
  language: 'en',
  set: ({ dir }) => ({
    wish: `Pack ${dir}/Work into a new zip in ${dir}/Backups every Saturday at 3 in the morning, with the date in its name`,
    files: { 'Work/thesis.txt': 'words', 'Backups/': '' },
    truth: {
      is: 'kept',
      when: [at('0 3 * * 6')],
      reads: { paths: [`${dir}/Work`] },
      changes: [{ tools: ['archive.create'], paths: [`${dir}/Work`, `${dir}/Backups`] }],
      effects: [{ tools: ['archive.create'], like: /Backups\/[^"]*\d{4}-?\d\d-?\d\d[^"]*\.zip/, count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Weekly backup of Work',
            promise: 'Packs Work into a new zip in Backups on Saturdays at 3:00. Replaces nothing.',
            when: [{ kind: 'cron', expression: '0 3 * * 6' }],
            uses: ['tools/archive', 'tools/flow'],
            reads: { paths: [`${dir}/Work`] },
            changes: [
              { tool: 'archive.create', paths: [`${dir}/Work`, `${dir}/Backups`], approval: 'never' },
            ],
            done: [{ kind: 'effects-at-most', tool: 'archive.create', count: 1 }],
          },
          source: `import { create } from 'tools/archive'
import { now } from 'tools/flow'

export default async function run() {
  const { date } = await now()
  const packed = await create(['${dir}/Work'], '${dir}/Backups/Work ' + date + '.zip')
  return { summary: 'Packed ' + packed.files + ' files.' }
}`,
        },
      },
    ],
  }),
}

const unpack: Intent = {
  id: 'unpack',
  language: 'de',
  set: ({ dir }) => ({
    wish: `Entpacke jedes ZIP, das in ${dir}/Eingang landet, in einen eigenen Ordner unter ${dir}/Entpackt.`,
    files: { 'Eingang/post.zip': EMPTY_ZIP, 'Eingang/brief.txt': 'x', 'Entpackt/': '' },
    truth: {
      is: 'kept',
      when: [whenFiles(`${dir}/Eingang`)],
      reads: { paths: [`${dir}/Eingang`] },
      changes: [{ tools: ['archive.extract'], paths: [`${dir}/Eingang`, `${dir}/Entpackt`] }],
      effects: [{ tools: ['archive.extract'], like: /post\.zip/, count: 1 }],
      never: [{ tools: ['archive.extract'], like: /brief/ }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Archive entpacken',
            promise: 'Entpackt jedes ZIP aus dem Eingang in einen eigenen Ordner. Löscht nichts.',
            when: [{ kind: 'files', folder: `${dir}/Eingang`, match: '*.zip', on: ['created'] }],
            uses: ['tools/archive', 'tools/files', 'tools/flow'],
            reads: { paths: [`${dir}/Eingang`] },
            changes: [
              { tool: 'archive.extract', paths: [`${dir}/Eingang`, `${dir}/Entpackt`], approval: 'never' },
            ],
            items: { archiv: 'Name, Zeit und Größe' },
          },
          source: `import { extract } from 'tools/archive'
import { list } from 'tools/files'
import { each } from 'tools/flow'

export default async function run(event) {
  const { entries } = await list('${dir}/Eingang', { kind: 'file', match: '*.zip' })
  const come = new Set((event?.files ?? entries).map(file => file.name))
  const due = entries.filter(file => come.has(file.name))
  const done = await each('archiv', due, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    return extract(file.path, '${dir}/Entpackt/' + file.name.slice(0, -4))
  })
  return { summary: done.done.length + ' Archive entpackt.' }
}`,
        },
      },
    ],
  }),
}

const webPictures: Intent = {
  id: 'web-pictures',
  language: 'en',
  set: ({ dir }) => ({
    wish: `Make a copy at most 800 pixels wide in ${dir}/Web of every picture that comes into ${dir}/Pictures`,
    files: { 'Pictures/hill.jpg': wide, 'Web/': '' },
    truth: {
      is: 'kept',
      when: [whenFiles(`${dir}/Pictures`)],
      reads: { paths: [`${dir}/Pictures`] },
      changes: [{ tools: ['images.resize'], paths: [`${dir}/Pictures`, `${dir}/Web`] }],
      effects: [{ tools: ['images.resize'], like: /hill\.jpg[^]*"width":800/, count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Small copies of pictures',
            promise: 'Makes a copy at most 800 pixels wide of each picture that comes. Keeps the original.',
            when: [{ kind: 'files', folder: `${dir}/Pictures`, on: ['created'] }],
            uses: ['tools/files', 'tools/flow', 'tools/images'],
            reads: { paths: [`${dir}/Pictures`] },
            changes: [{ tool: 'images.resize', paths: [`${dir}/Pictures`, `${dir}/Web`], approval: 'never' }],
            items: { picture: 'its name, time and size' },
          },
          source: `import { list } from 'tools/files'
import { each } from 'tools/flow'
import { resize } from 'tools/images'

export default async function run(event) {
  const { entries } = await list('${dir}/Pictures', { kind: 'file' })
  const come = new Set((event?.files ?? entries).map(file => file.name))
  const due = entries.filter(file => come.has(file.name) && /[.](jpe?g|png|webp)$/i.test(file.name))
  const made = await each('picture', due, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    return resize(file.path, '${dir}/Web/' + file.name, { width: 800 })
  })
  return { summary: 'Made ' + made.done.length + ' small copies.' }
}`,
        },
      },
    ],
  }),
}

const noPlaces: Intent = {
  id: 'no-places',
  language: 'en',
  set: ({ dir }) => ({
    wish: `Every evening at 20:00 tell me which photos in ${dir}/Share still say where they were taken. Do not change them.`,
    files: { 'Share/home.jpg': photo, 'Share/plain.jpg': wide },
    truth: {
      is: 'kept',
      when: [at('0 20 * * *')],
      reads: { paths: [`${dir}/Share`] },
      effects: [
        { tools: ['images.info'], count: 2 },
        { tools: ['notify.send'], like: /home\.jpg/, count: 1 },
      ],
      never: [{ tools: ['notify.send'], like: /plain\.jpg/ }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Photos that say where they were taken',
            promise: 'Tells at 20:00 which photos in Share hold a place. Changes nothing.',
            when: [{ kind: 'cron', expression: '0 20 * * *' }],
            uses: ['tools/files', 'tools/images', 'tools/notify'],
            reads: { paths: [`${dir}/Share`] },
          },
          source: `import { list } from 'tools/files'
import { info } from 'tools/images'
import { send } from 'tools/notify'

export default async function run() {
  const { entries } = await list('${dir}/Share', { kind: 'file' })
  const photos = entries.filter(file => /[.](jpe?g|png|webp|heic)$/i.test(file.name))
  const located = []
  for (const file of photos) {
    const about = await info(file.path)
    if (about.located) located.push(file.name)
  }
  if (located.length > 0) await send(located.length + ' photos say where they were taken', located.join('\\n'))
  return { summary: located.length + ' of ' + photos.length + ' photos.' }
}`,
        },
      },
    ],
  }),
}

const invoiceIndex: Intent = {
  id: 'invoice-index',
  language: 'en',
  set: ({ dir }) => ({
    wish: `When an invoice comes into ${dir}/Invoices as a PDF, add its file name and its total to ${dir}/index.csv. The total stands after the word “Total”.`,
    files: {
      'Invoices/may.pdf': async () => textDocument(['Invoice 7 Total 119.00']),
      'index.csv': 'file,total\n',
    },
    truth: {
      is: 'kept',
      when: [whenFiles(`${dir}/Invoices`)],
      reads: { paths: [`${dir}/Invoices`] },
      mayRead: { paths: [`${dir}/index.csv`] },
      changes: [{ tools: WRITTEN, paths: [`${dir}/index.csv`] }],
      effects: [
        { tools: ['pdf.text'], like: /may\.pdf/ },
        { tools: WRITTEN, like: /may\.pdf[",;]+119/, count: 1 },
      ],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Index of invoices',
            promise: 'Adds the name and the total of each new invoice to index.csv.',
            when: [{ kind: 'files', folder: `${dir}/Invoices`, match: '*.pdf', on: ['created'] }],
            uses: ['tools/files', 'tools/flow', 'tools/pdf', 'tools/text'],
            reads: { paths: [`${dir}/Invoices`] },
            changes: [{ tool: 'files.append', paths: [`${dir}/index.csv`], approval: 'never' }],
            items: { invoice: 'its name, time and size' },
          },
          source: `import { append, list } from 'tools/files'
import { each } from 'tools/flow'
import { text } from 'tools/pdf'
import { csvFormat } from 'tools/text'

export default async function run(event) {
  const { entries } = await list('${dir}/Invoices', { kind: 'file', match: '*.pdf' })
  const come = new Set((event?.files ?? entries).map(file => file.name))
  const due = entries.filter(file => come.has(file.name))
  const kept = await each('invoice', due, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    const { pages } = await text(file.path)
    const found = /Total\\s+([0-9.]+)/.exec(pages.map(page => page.text).join(' '))
    const line = await csvFormat([[file.name, found?.[1] ?? '']], { header: false, escapeFormulas: true })
    return append('${dir}/index.csv', line)
  })
  return { summary: kept.done.length + ' invoices.' }
}`,
        },
      },
    ],
  }),
}

const dunning: Intent = {
  id: 'mahnungen',
  language: 'de',
  set: ({ dir }) => ({
    wish: `Schau jeden Morgen um 8 Uhr in die PDFs in ${dir}/Post und sag mir, in welchen das Wort Mahnung steht.`,
    files: {
      'Post/a.pdf': async () => textDocument(['Letzte Mahnung']),
      'Post/b.pdf': async () => textDocument(['Urlaubsgruss']),
    },
    truth: {
      is: 'kept',
      when: [at('0 8 * * *')],
      reads: { paths: [`${dir}/Post`] },
      effects: [
        { tools: ['pdf.text'], count: 2 },
        { tools: ['notify.send'], like: /a\.pdf/, count: 1 },
      ],
      never: [{ tools: ['notify.send'], like: /b\.pdf/ }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Mahnungen in der Post',
            promise: 'Meldet um 8 Uhr jedes PDF, in dem „Mahnung“ steht, einmal. Ändert nichts.',
            when: [{ kind: 'cron', expression: '0 8 * * *' }],
            uses: ['tools/files', 'tools/flow', 'tools/notify', 'tools/pdf'],
            reads: { paths: [`${dir}/Post`] },
            items: { pdf: 'Name, Zeit und Größe' },
          },
          source: `import { list } from 'tools/files'
import { each } from 'tools/flow'
import { send } from 'tools/notify'
import { text } from 'tools/pdf'

export default async function run() {
  const { entries } = await list('${dir}/Post', { kind: 'file', match: '*.pdf' })
  const read = await each('pdf', entries, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    const { pages } = await text(file.path)
    const isFound = pages.some(page => /mahnung/i.test(page.text))
    if (isFound) await send('Mahnung: ' + file.name)
    return isFound
  })
  return { summary: read.done.filter(({ result }) => result).length + ' Mahnungen.' }
}`,
        },
      },
    ],
  }),
}

const duplicates: Intent = {
  id: 'duplicates',
  language: 'de',
  set: ({ dir }) => ({
    wish: `Such jeden Sonntag um 18 Uhr doppelte Dateien in ${dir}/Ablage und sag mir, welche es sind. Nichts löschen.`,
    files: { 'Ablage/eins.txt': 'gleich', 'Ablage/zwei.txt': 'gleich', 'Ablage/drei.txt': 'anders' },
    truth: {
      is: 'kept',
      when: [at('0 18 * * 0')],
      reads: { paths: [`${dir}/Ablage`] },
      effects: [{ tools: ['notify.send'], like: /eins\.txt[^]*zwei\.txt|zwei\.txt[^]*eins\.txt/, count: 1 }],
      never: [{ tools: ['notify.send'], like: /drei\.txt/ }, { tools: ['files.trash', 'files.move'] }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Doppelte Dateien',
            promise: 'Nennt sonntags um 18 Uhr doppelte Dateien. Löscht und ändert nichts.',
            when: [{ kind: 'cron', expression: '0 18 * * 0' }],
            uses: ['tools/files', 'tools/notify'],
            reads: { paths: [`${dir}/Ablage`] },
          },
          source: `import { hash, list } from 'tools/files'
import { send } from 'tools/notify'

export default async function run() {
  const { entries } = await list('${dir}/Ablage', { kind: 'file', recursive: true })
  const byContent = {}
  for (const file of entries) {
    const content = await hash(file.path)
    byContent[content.hash] = [...(byContent[content.hash] ?? []), file.name]
  }
  const doubles = Object.values(byContent).filter(names => names.length > 1)
  if (doubles.length > 0) await send('Doppelte Dateien', doubles.map(names => names.join(' = ')).join('\\n'))
  return { summary: doubles.length + ' mal doppelt.' }
}`,
        },
      },
    ],
  }),
}

export const MEDIA: readonly Intent[] = [
  weeklyZip,
  unpack,
  webPictures,
  noPlaces,
  invoiceIndex,
  dunning,
  duplicates,
]
