/** Wishes about what stands on pages, and whether they answer. */
import type { Intent } from '../intent.ts'
import { at, every } from '../triggers.ts'

const READ_WEB = ['web.page', 'web.json', 'http.get', 'http.request', 'pages.changed'] as const

const ratesTable: Intent = {
  id: 'rates-table',
  language: 'en',
  set: ({ dir, host, url }) => ({
    wish: `On weekdays at 7:30 save the table of ${url('rates.html')} as ${dir}/rates.csv (overwrite yesterday's)`,
    pages: {
      'rates.html':
        '<html><body><main><h1>Rates</h1><table><tr><th>Currency</th><th>Rate</th></tr><tr><td>USD</td><td>1.09</td></tr><tr><td>CHF</td><td>0.95</td></tr></table></main></body></html>',
    },
    truth: {
      is: 'kept',
      when: [at('30 7 * * 1-5')],
      reads: { hosts: [host] },
      changes: [{ tools: ['files.write'], paths: [`${dir}/rates.csv`] }],
      effects: [{ tools: ['files.write'], like: /USD,1\.09[^]*CHF,0\.95/, count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Rates of the day',
            promise: 'Saves the table of rates as rates.csv on weekdays at 7:30, replacing the last one.',
            when: [{ kind: 'cron', expression: '30 7 * * 1-5' }],
            uses: ['tools/files', 'tools/text', 'tools/web'],
            reads: { hosts: [host] },
            changes: [{ tool: 'files.write', paths: [`${dir}/rates.csv`], approval: 'never' }],
          },
          source: `import { write } from 'tools/files'
import { csvFormat } from 'tools/text'
import { page } from 'tools/web'

export default async function run() {
  const { tables } = await page('${url('rates.html')}')
  const table = tables[0]
  if (table === undefined) throw new Error('There is no table on the page.')
  const csv = await csvFormat([table.columns, ...table.rows], { header: false, escapeFormulas: true })
  await write('${dir}/rates.csv', csv, { overwrite: true })
  return { summary: table.rows.length + ' rates.' }
}`,
        },
      },
    ],
  }),
}

const linkCheck: Intent = {
  id: 'link-check',
  language: 'en',
  set: ({ host, url }) => ({
    wish: `Every Sunday at 10 check that ${url('a.html')}, ${url('b.html')} and ${url('gone.html')} still answer, and tell me which do not`,
    pages: { 'a.html': '<p>a</p>', 'b.html': '<p>b</p>', 'gone.html': { body: 'gone', status: 410 } },
    truth: {
      is: 'kept',
      when: [at('0 10 * * 0')],
      reads: { hosts: [host] },
      effects: [
        { tools: ['http.probe', ...READ_WEB], count: [3, 6] },
        { tools: ['notify.send'], like: /gone\.html/, count: 1 },
      ],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Links that do not answer',
            promise: 'Asks three addresses on Sundays at 10 and tells which do not answer.',
            when: [{ kind: 'cron', expression: '0 10 * * 0' }],
            uses: ['tools/http', 'tools/notify'],
            reads: { hosts: [host] },
          },
          source: `import { probe } from 'tools/http'
import { send } from 'tools/notify'

const ADDRESSES = ['${url('a.html')}', '${url('b.html')}', '${url('gone.html')}']

export default async function run() {
  const broken = []
  for (const address of ADDRESSES) {
    const { ok, status, reason } = await probe(address)
    if (!ok) broken.push(address + ' (' + (status ?? reason) + ')')
  }
  if (broken.length > 0) await send(broken.length + ' links are broken', broken.join('\\n'), { level: 'warning' })
  return { summary: broken.length + ' of ' + ADDRESSES.length + ' are broken.' }
}`,
        },
      },
    ],
  }),
}

const uptime: Intent = {
  id: 'uptime',
  language: 'de',
  set: ({ host, url }) => ({
    wish: `Prüfe alle 5 Minuten, ob ${url('laden/')} antwortet, und warne mich, wenn nicht.`,
    pages: { 'laden/': { body: 'kaputt', status: 503 } },
    truth: {
      is: 'kept',
      when: [every(300_000), at('*/5 * * * *')],
      reads: { hosts: [host] },
      effects: [{ tools: ['notify.send'], count: 1 }],
    },
    honest: [
      {
        plan: {
          contract: {
            title: 'Antwortet der Laden?',
            promise: 'Fragt die Seite alle 5 Minuten und warnt einmal, wenn sie nicht antwortet.',
            when: [{ kind: 'interval', everyMs: 300_000 }],
            uses: ['tools/http', 'tools/notify', 'tools/state'],
            reads: { hosts: [host] },
          },
          source: `import { probe } from 'tools/http'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'

export default async function run() {
  const { ok, status, reason } = await probe('${url('laden/')}')
  const wasDown = (await get('down')) === true
  await set('down', !ok)
  if (!ok && !wasDown) await send('Der Laden antwortet nicht', String(status ?? reason), { level: 'warning' })
  return { summary: ok ? 'Er antwortet.' : 'Er antwortet nicht.' }
}`,
        },
      },
    ],
  }),
}

export const CHECKS: readonly Intent[] = [ratesTable, linkCheck, uptime]
