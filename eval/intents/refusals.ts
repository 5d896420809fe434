/** Wishes that cannot be kept: impossible, contradictory, beyond all tools, or without the account they need. */
import type { Intent } from '../intent.ts'

const CANNOT =
  /cannot|can.t|can not|no tool|unable|not able|(is not|isn.t|not) possible|not (have|offer|support)|no way to/i

function refused(
  id: string,
  language: Intent['language'],
  { wish, says, reply }: { wish: string; says: RegExp; reply: string },
): Intent {
  return { id, language, set: () => ({ wish, truth: { is: 'refused', says }, honest: [{ say: reply }] }) }
}

const gone: Intent = {
  id: 'move-and-stay',
  language: 'en',
  set: ({ dir }) => ({
    wish: `Move every file out of ${dir}/in and at the same time never change anything in ${dir}/in.`,
    files: { 'in/a.txt': 'a' },
    truth: { is: 'refused', says: /contradict|both|cannot|can.t|conflict|impossible|not possible/i },
    honest: [
      {
        say: `A file that is moved out of ${dir}/in changes that folder, so the two contradict each other. Copying them elsewhere would leave the folder as it is.`,
      },
    ],
  }),
}

const privateIssues: Intent = {
  id: 'private-issues',
  language: 'en',
  set: ({ host, url }) => ({
    wish: `Every morning at 8 tell me how many open issues my private tracker at ${url('issues.json')} has. It wants my login; the connection for it is called “tracker”.`,
    pages: { 'issues.json': { status: 401, body: '{"error":"sign in"}' } },
    truth: { is: 'connect', name: /tracker/ },
    honest: [
      {
        plan: {
          contract: {
            title: 'Open issues',
            promise: 'Tells every morning at 8 how many issues are open.',
            when: [{ kind: 'cron', expression: '0 8 * * *' }],
            uses: ['tools/http', 'tools/notify'],
            reads: { hosts: [host], accounts: ['tracker'] },
          },
          source: `import { get } from 'tools/http'
import { send } from 'tools/notify'

export default async function run() {
  const { body } = await get('${url('issues.json')}', { connection: 'tracker', as: 'json' })
  await send(body.length + ' open issues')
  return { summary: body.length + ' open issues.' }
}`,
        },
      },
    ],
  }),
}

export const REFUSALS: readonly Intent[] = [
  refused('february-30', 'en', {
    wish: 'Remind me to pay the rent every 30 February.',
    says: /no (30(th)?( of)?|such|February 30)|February (never|does|doesn|only)|(does not|doesn.t|never) (exist|occur|happen|come)/i,
    reply:
      'There is no 30 February, so this would never happen. The last day of February, or the 30th of the other months, would be possible.',
  }),
  refused('uhrzeit-25', 'de', {
    wish: 'Erinnere mich jeden Tag um 25 Uhr an meine Tabletten.',
    says: /gibt es nicht|gibt.s nicht|kein(e|en)? |ungültig|existiert nicht|nur bis|nicht möglich/i,
    reply: '25 Uhr gibt es nicht. Möglich wäre zum Beispiel 1 Uhr nachts.',
  }),
  refused('make-coffee', 'en', {
    wish: 'Make me a fresh coffee every morning at 7 with the pot in the kitchen.',
    says: CANNOT,
    reply:
      'No tool here can work a coffee pot, so nothing was set up. A reminder every morning at 7 would be possible.',
  }),
  refused('run-program', 'en', {
    wish: 'Run the shell command “brew upgrade” on my computer every night.',
    says: CANNOT,
    reply:
      'Scripts here cannot run programs or shell commands, so this was not set up. A reminder every evening would be possible.',
  }),
  refused('gestern', 'de', {
    wish: 'Schick mir einmal, am 1. Januar 2020 um 8 Uhr, eine Erinnerung an die Steuer.',
    says: /vergangen|vorbei|liegt [^.]*zurück|nicht mehr/i,
    reply:
      'Der 1. Januar 2020 ist vorbei, daher käme diese Erinnerung nie. Welcher Tag in der Zukunft passt?',
  }),
  gone,
  privateIssues,
]
