/** The automations that ask a model: the same twice, and a question for each item, several at once. */
import { entriesOf } from './job.ts'
import type { Draft } from './job.ts'
import { COLOURS, marked } from './model-server.ts'

const LABELS = JSON.stringify(COLOURS)

/** What was answered goes into the writes: whoever asks anew is answered otherwise, and cannot repeat them (J5). */
export function modelJobs(): Draft[] {
  return [
    {
      name: 'asks',
      asksModel: true,
      body: `
        const asked = { text: ${quoted('${token}')}, labels: ${LABELS} }
        const { label } = await classify(asked)
        await post(K + '/ok/' + token + '/a', { label })
        const again = await classify(asked)
        if (again.label !== label) throw new Error('It was ' + label + ' and is ' + again.label)
        await post(P + '/ok/' + token + '/b', { label: again.label })`,
      writes: token => [
        { server: 'keyed', path: `/ok/${token}/a` },
        { server: 'plain', path: `/ok/${token}/b` },
      ],
      questions: token => [token],
    },
    {
      name: 'asks-each',
      asksModel: true,
      concurrency: 1,
      body: `
        const all = await each('entry', event.entries, key => key, async key => {
          const { number } = await extract({ from: ${quoted('${key}')}, schema: { number: 'integer' } })
          await post(K + '/ok/asks-each/' + key, { number })
          return number
        }, { concurrency: 2 })
        return { done: all.done.length }`,
      payload: token => ({ token, entries: entriesOf(token) }),
      writes: token => entriesOf(token).map(key => ({ server: 'keyed', path: `/ok/asks-each/${key}` })),
      questions: entriesOf,
    },
  ]
}

function quoted(question: string): string {
  return `\`A text that holds the ${marked(question)}.\``
}
