/** Wishes that are corrected on the way, announce something to others, or are for a person's own hand. */
import type { Intent, Plan } from '../intent.ts'
import { at, BY_HAND, whenFiles } from '../triggers.ts'

function vitamins(expression: string): Plan {
  return {
    contract: {
      title: 'Vitamins',
      promise: 'Reminds of the vitamins at 8:00.',
      when: [{ kind: 'cron', expression }],
      uses: ['tools/notify'],
      reads: {},
    },
    source: `import { send } from 'tools/notify'

export default async function run() {
  await send('Take your vitamins')
  return { summary: 'Reminded of the vitamins.' }
}`,
  }
}

const weekdays: Intent = {
  id: 'weekdays-after-all',
  language: 'en',
  set: () => ({
    wish: 'Remind me every day at 8 to take my vitamins.',
    person: { correction: 'make it weekdays only' },
    truth: {
      is: 'kept',
      when: [at('0 8 * * 1-5')],
      effects: [{ tools: ['notify.send'], like: /vitamin/i, count: 1 }],
    },
    honest: [{ plan: vitamins('0 8 * * *') }, { plan: vitamins('0 8 * * 1-5') }],
  }),
}

const otherFolder: Intent = {
  id: 'anderer-ordner',
  language: 'de',
  set: ({ dir }) => {
    const plan = (to: string): Plan => ({
      contract: {
        title: 'Belege ablegen',
        promise: `Kopiert neue Belege nach ${to}.`,
        when: [{ kind: 'files', folder: `${dir}/Belege`, on: ['created'] }],
        uses: ['tools/files', 'tools/flow'],
        reads: { paths: [`${dir}/Belege`] },
        changes: [{ tool: 'files.copy', paths: [`${dir}/Belege`, `${dir}/${to}`], approval: 'never' }],
        items: { beleg: 'Name, Zeit und Größe' },
      },
      source: `import { copy, list } from 'tools/files'
import { each } from 'tools/flow'

export default async function run(event) {
  const { entries } = await list('${dir}/Belege', { kind: 'file' })
  const come = new Set((event?.files ?? entries).map(file => file.name))
  const due = entries.filter(file => come.has(file.name))
  const kept = await each('beleg', due, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    return copy(file.path, '${dir}/${to}/' + file.name, { ifExists: 'rename' })
  })
  return { summary: kept.done.length + ' Belege kopiert.' }
}`,
    })
    return {
      wish: `Kopiere neue Dateien aus ${dir}/Belege nach ${dir}/Steuer25.`,
      files: { 'Belege/bahn.txt': 'Bahn', 'Steuer25/': '', 'Steuer26/': '' },
      person: { correction: `Doch lieber nach ${dir}/Steuer26 und sonst nirgends hin.` },
      truth: {
        is: 'kept',
        when: [whenFiles(`${dir}/Belege`)],
        reads: { paths: [`${dir}/Belege`] },
        changes: [{ tools: ['files.copy'], paths: [`${dir}/Belege`, `${dir}/Steuer26`] }],
        effects: [{ tools: ['files.copy'], like: /Steuer26\/bahn\.txt/, count: 1 }],
        never: [{ tools: ['files.copy'], like: /Steuer25/ }],
      },
      honest: [{ plan: plan('Steuer25') }, { plan: plan('Steuer26') }],
    }
  },
}

const howLate: Intent = {
  id: 'what-time',
  language: 'en',
  set: () => ({
    wish: 'Remind me to drink water in the afternoon, at the time I tell you.',
    person: { answers: [[/when|time|o'clock/i, 'at 15:20 every day']] },
    truth: {
      is: 'kept',
      when: [at('20 15 * * *')],
      effects: [{ tools: ['notify.send'], like: /water/i, count: 1 }],
      mostQuestions: 1,
    },
    honest: [
      { ask: 'At what time, and on which days?' },
      {
        plan: {
          contract: {
            title: 'Drink water',
            promise: 'Reminds to drink water at 15:20 every day.',
            when: [{ kind: 'cron', expression: '20 15 * * *' }],
            uses: ['tools/notify'],
            reads: {},
          },
          source: `import { send } from 'tools/notify'

export default async function run() {
  await send('Drink some water')
  return { summary: 'Reminded of water.' }
}`,
        },
      },
    ],
  }),
}

const announce: Intent = {
  id: 'announce',
  language: 'en',
  set: ({ dir }) => ({
    wish: `When something comes into ${dir}/Incoming, announce it as “incoming-file” with its name, so that my other automations can start.`,
    files: { 'Incoming/x.csv': 'a\n' },
    truth: {
      is: 'kept',
      when: [whenFiles(`${dir}/Incoming`)],
      mayRead: { paths: [`${dir}/Incoming`] },
      publishes: ['incoming-file'],
      effects: [{ tools: ['flow.publish'], like: /incoming-file[^]*x\.csv/, count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Announce incoming files',
            promise: 'Announces each file that comes into Incoming.',
            when: [{ kind: 'files', folder: `${dir}/Incoming`, on: ['created'] }],
            uses: ['tools/files', 'tools/flow'],
            reads: { paths: [`${dir}/Incoming`] },
            publishes: ['incoming-file'],
            items: { file: 'its name, time and size' },
          },
          source: `import { list } from 'tools/files'
import { each, publish } from 'tools/flow'

export default async function run(event) {
  const files = event?.files ?? (await list('${dir}/Incoming', { kind: 'file' })).entries
  const told = await each('file', files, file => file.name + '#' + file.modified + '#' + file.bytes, async file => {
    await publish('incoming-file', { name: file.name })
  })
  return { summary: 'Announced ' + told.done.length + ' files.' }
}`,
        },
      },
    ],
  }),
}

const byHand: Intent = {
  id: 'by-hand',
  language: 'en',
  set: ({ dir }) => ({
    wish: `Only when I start it myself: join ${dir}/people.csv and ${dir}/cities.csv by “city” and write the result to ${dir}/joined.csv, replacing it.`,
    files: { 'people.csv': 'name,city\nAda,London\n', 'cities.csv': 'city,country\nLondon,UK\n' },
    truth: {
      is: 'kept',
      when: [BY_HAND],
      reads: { paths: [`${dir}/people.csv`, `${dir}/cities.csv`] },
      changes: [{ tools: ['files.write'], paths: [`${dir}/joined.csv`] }],
      effects: [{ tools: ['files.write'], like: /Ada,London,UK/, count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Join people and cities',
            promise: 'Joins the two tables by city and writes joined.csv, when started by hand.',
            when: [{ kind: 'manual' }],
            uses: ['tools/files', 'tools/tables', 'tools/text'],
            reads: { paths: [`${dir}/people.csv`, `${dir}/cities.csv`] },
            changes: [{ tool: 'files.write', paths: [`${dir}/joined.csv`], approval: 'never' }],
          },
          source: `import { read, write } from 'tools/files'
import { join } from 'tools/tables'
import { csvFormat, csvParse } from 'tools/text'

export default async function run() {
  const people = await csvParse((await read('${dir}/people.csv')).text ?? '')
  const cities = await csvParse((await read('${dir}/cities.csv')).text ?? '')
  const rows = await join(people.rows, cities.rows, ['city'])
  await write('${dir}/joined.csv', await csvFormat(rows), { overwrite: true })
  return { summary: rows.length + ' rows.' }
}`,
        },
      },
    ],
  }),
}

const diskRoom: Intent = {
  id: 'disk-room',
  language: 'en',
  set: ({ dir }) => ({
    wish: `On the 15th of every month at noon tell me how many bytes ${dir}/Videos takes.`,
    files: { 'Videos/a.mov': 'x'.repeat(1234) },
    truth: {
      is: 'kept',
      when: [at('0 12 15 * *')],
      reads: { paths: [`${dir}/Videos`] },
      effects: [
        { tools: ['files.measure', 'files.list'] },
        { tools: ['notify.send'], like: /1[.,]?234|1\.2 ?k/i, count: 1 },
      ],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Room that Videos takes',
            promise: 'Tells on the 15th at noon how many bytes Videos takes. Changes nothing.',
            when: [{ kind: 'cron', expression: '0 12 15 * *' }],
            uses: ['tools/files', 'tools/notify'],
            reads: { paths: [`${dir}/Videos`] },
          },
          source: `import { measure } from 'tools/files'
import { send } from 'tools/notify'

export default async function run() {
  const { bytes, files } = await measure('${dir}/Videos')
  await send('Videos takes ' + bytes + ' bytes', files + ' files')
  return { summary: bytes + ' bytes.' }
}`,
        },
      },
    ],
  }),
}

export const CHANGES: readonly Intent[] = [weekdays, otherFolder, howLate, announce, byHand, diskRoom]
