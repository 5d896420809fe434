import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../domain/json.ts'
import { parseScript } from '../../../sandbox/script-syntax.ts'
import type { SlotValue } from './slots.ts'
import { fillJson, fillScript, fillText, TemplateError } from './template.ts'

const values = new Map<string, SlotValue>([
  ['url', { value: 'https://a.example/x', facets: { host: 'a.example' } }],
  ['minutes', { value: 5, facets: { ms: 300_000 } }],
  ['rules', { value: [{ folder: 'A' }], facets: { folders: ['A', 'B'] } }],
  ['digest', { value: 'note', facets: { 'is.note': true, 'is.none': false } }],
  ['empty', { value: null, facets: {} }],
])

describe('placeholders', () => {
  it('become text in text, and typed values alone in their string', () => {
    const template = {
      title: 'Watch {{url.host}} every {{minutes}}',
      hosts: ['{{url.host}}'],
      everyMs: '{{minutes.ms:number}}',
      folders: '{{rules.folders:list}}',
      notes: '{{digest.is.note:boolean}}',
      kept: [1, null, true, {}],
    }
    expect(fillJson(template, values)).toEqual({
      title: 'Watch a.example every 5',
      hosts: ['a.example'],
      everyMs: 300_000,
      folders: ['A', 'B'],
      notes: true,
      kept: [1, null, true, {}],
    })
  })

  it('leave members of a list out whose condition is not met', () => {
    const template = [{ $if: 'digest.is.note', a: 1 }, { $if: 'digest.is.none', a: 2 }, { a: 3 }]
    expect(fillJson(template, values)).toEqual([{ a: 1 }, { a: 3 }])
  })

  it('put a list among the members of another, and nothing where a slot was left empty', () => {
    const template = ['{{url.host}}', '{{rules.folders:list}}', '{{empty.folders:list}}', ['{{url.host}}']]
    expect(fillJson(template, values)).toEqual(['a.example', 'A', 'B', ['a.example']])
    expect(() => fillJson({ a: '{{empty.folders:list}}' }, values)).toThrow(TemplateError)
  })

  it('repeat a member of a list for each of a list', () => {
    const template = [
      { $each: 'rules.folders', $if: 'digest.is.note', a: '{{member}} of {{url.host}}' },
      { $each: 'rules.folders', $if: 'digest.is.none', a: '{{member}}' },
    ]
    expect(fillJson(template, values)).toEqual([{ a: 'A of a.example' }, { a: 'B of a.example' }])
    expect(() => fillJson([{ $each: 'url' }], values)).toThrow(TemplateError)
    expect(() => fillJson([{ $if: 'url' }], values)).toThrow(TemplateError)
  })

  it('leave a member of an object out whose slot was left empty', () => {
    const template = { a: '{{url:optional}}', b: '{{empty:optional}}', c: ['{{minutes:optional}}'] }
    expect(fillJson(template, values)).toEqual({ a: 'https://a.example/x', c: [5] })
  })

  it.each([
    '{{nobody}}',
    '{{nobody:optional}}',
    '{{member}}',
    '{{url.path}}',
    '{{url.host:number}}',
    '{{minutes:list}}',
    'x {{minutes:number}}',
    '{{rules}}',
    '{{empty}}',
    '{{url',
    '{{ url }}',
    '{{constructor}}',
    '{{url.constructor}}',
  ])('that cannot be filled are a defect of the template: %s', template => {
    expect(() => fillJson(template, values)).toThrow(TemplateError)
  })

  it('take values that look like placeholders as they are', () => {
    const tricky = new Map<string, SlotValue>([['a', { value: '{{b}} $& $1 {{a}}', facets: {} }]])
    expect(fillText('{{a}}!', tricky)).toBe('{{b}} $& $1 {{a}}!')
  })
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "'",
        '`',
        '\\',
        '\n',
        '\r',
        '\u2028',
        '\u2029',
        '*/',
        '/*',
        '//',
        '${',
        '}',
        '{{',
        '}}',
        ']',
        ',',
        '</script>',
        '$&',
        '\u202e',
        '\u0000',
        'const slots = /*slots*/ {}',
        'x',
      ),
      { maxLength: 10 },
    )
    .map(pieces => pieces.join('')),
)

describe('no value breaks out', () => {
  it('of a contract: its structure is the template’s, and each text is found again', () => {
    const template = { a: '{{v}}', list: ['{{v}}', { b: 'x{{v}}y' }], '{{v}}': 1, n: 2 }
    fc.assert(
      fc.property(hostile, text => {
        const filled = fillJson(template, new Map([['v', { value: text, facets: {} }]]))
        expect(filled).toEqual({ a: text, list: [text, { b: `x${text}y` }], '{{v}}': 1, n: 2 })
      }),
      { numRuns: 1_000 },
    )
  })

  it('of a script: it parses, all around the values is the template’s text, and the values are found again', () => {
    const [before, after] = ['/** Doc. */\n', '\nexport default async function run() { return slots }\n']
    fc.assert(
      fc.property(hostile, fc.jsonValue(), (text, json) => {
        const slots: [string, SlotValue][] = [
          ['text', { value: text, facets: {} }],
          ['json', { value: JSON.parse(JSON.stringify(json)) as Json, facets: {} }],
        ]
        const source = fillScript(`${before}const slots = /*slots*/ {}${after}`, new Map(slots))
        const { program, failure } = parseScript(source)
        expect(failure).toBeNull()
        const [declaration] = program?.body ?? []
        const init =
          declaration?.type === 'VariableDeclaration' ? declaration.declarations[0]?.init : undefined
        expect(program?.body).toHaveLength(2)
        expect(source.slice(0, declaration?.start)).toBe(before)
        expect(source.slice(declaration?.end)).toBe(after)
        const given = JSON.parse(source.slice(init?.start, init?.end)) as Json
        expect(given).toEqual(Object.fromEntries(slots.map(([name, { value }]) => [name, value])))
      }),
      { numRuns: 1_000 },
    )
  })

  it('of what a reader of the script sees: invisible and reordering characters are spelled out', () => {
    const text = 'a\u202eb\u2028c\u00ad\u{e0041}d'
    const source = fillScript('const slots = /*slots*/ {}', new Map([['v', { value: text, facets: {} }]]))
    expect(source).toBe('const slots = {\n  "v": "a\\u202eb\\u2028c\\u00ad\\udb40\\udc41d"\n}')
  })

  it.each(['const a = 1', 'const slots = /*slots*/ {}\nconst slots = /*slots*/ {}'])(
    'and a script without its one place for values is a defect: %j',
    source => {
      expect(() => fillScript(source, new Map())).toThrow(TemplateError)
    },
  )
})
