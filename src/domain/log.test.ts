import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FailureError } from './failure.ts'
import { cleanFields } from './log.ts'

const nowhere = () => null
const everywhere = (file: string) => (file.endsWith('.ts') ? 'src/known.ts' : null)

/** As keys and passwords look: of mixed letters, with a digit. */
const secret = fc.stringMatching(/^[A-Za-z0-9_-]{4}[A-Z][0-9][A-Za-z0-9_-]{10,37}$/)

/** An error in which every part that somebody else may have written holds the text. */
function errorHolding(text: string): Error {
  const error = Object.assign(new Error(`${text}\n    at ${text} (/home/${text}.js:1:1)`), {
    cause: text,
    code: text,
    body: { headers: { authorization: text } },
  })
  error.name = text
  return error
}

const FIELDS = [
  'automation',
  'run',
  'step',
  'item',
  'event',
  'action',
  'id',
  'tool',
  'kind',
  'state',
  'method',
  'version',
  'error',
  'ms',
  'status',
  'count',
  'attempt',
  'counts',
  'payload',
  'headers',
]

const planted = (text: string) => [
  text,
  `Error: ${text}`,
  `${text}Error: it broke`,
  `TypeError: ${text}\n    at ${text} (/home/${text}.ts:1:1)`,
  { [text]: text },
  { [text]: 1 },
  [text],
  errorHolding(text),
  new TypeError(text, { cause: errorHolding(text) }),
  new FailureError({ kind: 'rejected', host: text, message: text, detail: { body: text }, step: text }),
  { toString: () => text, toJSON: () => text },
]

describe('what the log may hold', () => {
  it('takes a planted secret from no field', () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...FIELDS), (text, field) => {
        for (const value of planted(text))
          for (const places of [nowhere, everywhere]) {
            const clean = cleanFields({ [field]: value }, places)
            expect(JSON.stringify(clean)).not.toContain(text)
          }
      }),
    )
  })

  it('keeps ids, names of tools and numbers as they are', () => {
    const fields = {
      automation: 'wf_01k3v8d7c4n5q6r7s8t9w0x1y2',
      run: 'run_01k3v8d7c4n5q6r7s8t9w0x1y2',
      step: `stp_${'0123456789abcdef'.repeat(2)}`,
      tool: 'pages.changed',
      kind: 'rate-limited',
      method: 'POST',
      version: '0.1.0',
      ms: 12.3,
      status: 429,
      counts: { runs: 3, instants: 0 },
    }
    expect(cleanFields(fields, nowhere)).toEqual(fields)
  })

  it('says that it left something out, and leaves absent fields out', () => {
    const run = 'a name with words'
    expect(cleanFields({ run, step: undefined }, nowhere)).toEqual({ run: '[withheld]' })
    expect(cleanFields({ ms: Number.NaN }, nowhere)).toEqual({ ms: -1 })
  })

  it('knows an error by its class, its kind and its place in the program', () => {
    const clean = cleanFields({ error: new TypeError('x') }, everywhere)
    expect(clean).toMatchObject({ error: 'TypeError' })
    expect(clean['place']).toMatch(/^src\/known\.ts:\d+:\d+$/)
    const failure = new FailureError({ kind: 'vault-locked', message: 'It was locked.' })
    expect(cleanFields({ error: failure }, nowhere)).toEqual({ error: 'FailureError', kind: 'vault-locked' })
    expect(cleanFields({ error: 'RangeError: too deep\n    at x (/a/b.ts:1:2)' }, everywhere)).toEqual({
      error: 'RangeError',
      place: 'src/known.ts:1:2',
    })
    expect(cleanFields({ error: 42 }, nowhere)).toEqual({ error: '[withheld]' })
  })
})
