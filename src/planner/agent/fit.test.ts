import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import type { ModelMessage } from '../../domain/model.ts'
import { fitted, lessRoom, roomIn } from './fit.ts'

const asked = (id: number): ModelMessage => ({
  from: 'model',
  text: '',
  calls: [{ id: `c${String(id)}`, tool: 'explore', input: {} }],
})
const answered = (id: number, length: number): ModelMessage => ({
  from: 'tools',
  answers: [{ callId: `c${String(id)}`, tool: 'explore', text: 'x'.repeat(length) }],
})
const threadOf = (lengths: readonly number[]): ModelMessage[] => [
  { from: 'user', text: 'Do it.' },
  ...lengths.flatMap((length, id) => [asked(id), answered(id, length)]),
]
const bytes = (thread: readonly ModelMessage[]) =>
  thread.reduce((sum, message) => sum + JSON.stringify(message).length, 0)
const lengths = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 40 })

const unsigned = (message: ModelMessage) => ({ ...message, kept: undefined })
const isOfPeople = (message: ModelMessage) =>
  message.from === 'user' ||
  (message.from === 'tools' && message.answers.some(({ text }) => text.startsWith('The person ')))
const idsOf = (message: ModelMessage | undefined) =>
  message?.from === 'model'
    ? message.calls.map(({ id }) => id)
    : message?.from === 'tools'
      ? message.answers.map(({ callId }) => callId)
      : []
const long = fc.oneof(fc.nat(400), fc.nat(12_000)).map(length => 'x'.repeat(length))
const input = fc.oneof(
  fc.record({ source: long }),
  fc.record({ contract: fc.record({ promise: long }), name: long }),
  fc.array(long, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 200 }), { maxKeys: 30 }),
  fc.constant(null),
)
const called = fc.record({ tool: fc.constantFrom('write_script', 'explore', 'ask_user'), input, text: long })
const signed = fc.option(
  long.map(data => ({ by: 'one', data, tokens: 0, isAfresh: false })),
  { nil: undefined },
)
/** A person's words, or something that the model said, with what came of it. */
const exchange: fc.Arbitrary<ModelMessage[]> = fc
  .record({
    text: long,
    calls: fc.array(called, { maxLength: 3 }),
    kept: signed,
    said: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ text, calls, kept, said }) => {
    if (said === 0) return [{ from: 'user', text: text.slice(0, 500) }]
    const own = kept === undefined ? {} : { kept }
    const asks = calls.map(({ tool, input: given }, place) => ({
      id: `c${String(place)}`,
      tool,
      input: given,
    }))
    const theirs = said === 1 ? 'The person answered: ' : ''
    const answers = calls.map(call => ({ callId: '', tool: call.tool, text: `${theirs}${call.text}` }))
    const model: ModelMessage = { from: 'model', text, calls: asks, ...own }
    if (calls.length === 0) return [model]
    return [
      model,
      {
        from: 'tools',
        answers: answers.map((answer, place) => ({ ...answer, callId: `c${String(place)}` })),
      },
    ]
  })

describe('a conversation that is to fit', () => {
  it('stays as it is while it does', () => {
    const thread = threadOf([1_000, 2_000, 500])
    expect(fitted(thread, 10_000)).toEqual(thread)
  })

  it('loses its oldest long answers, and says of each how to have it again', () => {
    const fit = fitted(threadOf([3_000, 100, 3_000, 3_000]), 7_000)
    expect(fit.map(message => (message.from === 'tools' ? message.answers[0]?.text.length : null))).toEqual([
      ...[null, null, 64, null, 100, null, 3_000, null, 3_000],
    ])
    expect(JSON.stringify(fit[2])).toContain('call explore again')
  })

  it('loses what old replies were thought with where that is long, and marks what was thought about it', () => {
    const kept = (length: number) => ({ by: 'one', data: 'x'.repeat(length), tokens: 0, isAfresh: false })
    const thread = threadOf([100, 100, 100, 100]).map((message, place) =>
      message.from === 'model' ? { ...message, kept: kept(place === 1 ? 9_000 : 10) } : message,
    )
    const marks = (given: readonly ModelMessage[]) =>
      given.map(message => (message.from === 'model' ? message.kept?.isShifted : null))
    // The newest was thought when the room had been made.
    expect(marks(fitted(thread, 5_000))).toEqual([
      null,
      undefined,
      null,
      true,
      null,
      true,
      null,
      undefined,
      null,
    ])
    expect(fitted(thread, 20_000)).toEqual(thread)
  })

  it('P6 comes within its bound wherever old answers are what is long, and never touches the newest', () => {
    fc.assert(
      fc.property(lengths, given => {
        const thread = threadOf(given)
        const most = 20_000
        const fit = fitted(thread, most)
        expect(fit.slice(-4)).toEqual(thread.slice(-4))
        expect(fit.map(({ from }) => from)).toEqual(thread.map(({ from }) => from))
        expect(bytes(fit)).toBeLessThanOrEqual(most)
      }),
    )
  })

  it('loses the long scripts of old calls, keeps what people answered, and drops what was signed with them', () => {
    const kept = { by: 'one', data: 'signed', tokens: 0, isAfresh: false }
    const wrote = (id: number, input: Json): ModelMessage[] => [
      { from: 'model', text: '', calls: [{ id: `w${String(id)}`, tool: 'write_script', input }], kept },
      { from: 'tools', answers: [{ callId: `w${String(id)}`, tool: 'write_script', text: 'It passed.' }] },
    ]
    const words = `The person answered: ${'word '.repeat(200)}`
    const thread: ModelMessage[] = [
      { from: 'user', text: 'Do it.' },
      {
        from: 'model',
        text: '',
        calls: [{ id: 'q', tool: 'ask_user', input: { question: 'Which?' } }],
        kept,
      },
      { from: 'tools', answers: [{ callId: 'q', tool: 'ask_user', text: words }] },
      ...[1, 2, 3].flatMap(id => wrote(id, { source: 'x'.repeat(4_000) })),
    ]
    const fit = fitted(thread, 11_000)
    expect(fit.slice(0, 3)).toEqual(thread.slice(0, 3))
    expect(fit[3]).toEqual({
      from: 'model',
      text: '',
      calls: [
        {
          id: 'w1',
          tool: 'write_script',
          input: { source: expect.stringContaining('read_plan gives') as string },
        },
      ],
    })
    expect(fit.slice(-4).map(message => ('kept' in message ? { ...message, kept } : message))).toEqual(
      thread.slice(-4),
    )
  })

  it('P6 comes within its bound whatever is long, but for what people said and the newest messages', () => {
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 40 }), fc.boolean(), (exchanges, isAsked) => {
        const most = 24_000
        const thread: ModelMessage[] = [{ from: 'user', text: 'Do it.' }, ...exchanges.flat()]
        if (isAsked) thread.push({ from: 'user', text: 'Go on.' })
        const fit = fitted(thread, most)
        expect(fit.slice(-4).map(unsigned)).toEqual(thread.slice(-4).map(unsigned))
        expect(fit.filter(isOfPeople)).toEqual(thread.filter(isOfPeople))
        for (const [place, message] of fit.entries())
          if (message.from === 'tools') expect(idsOf(fit[place - 1])).toEqual(idsOf(message))
        // What has to stay, and calls that are answered in it, which are short.
        const stays = fit.filter((message, place) => {
          const next = fit[place + 1]
          const isCalled = next?.from === 'tools' && (isOfPeople(next) || place + 5 === fit.length)
          if (bytes(fit) > most && isCalled && place + 4 < fit.length)
            expect(bytes([message])).toBeLessThan(12_000)
          return isOfPeople(message) || isCalled || place + 4 >= fit.length
        })
        expect(bytes(fit) <= most || bytes(stays) > most).toBe(true)
      }),
    )
  })

  it('begins as it did, until room is made the next time', () => {
    fc.assert(
      fc.property(lengths, given => {
        const thread = threadOf(given)
        let changes = 0
        for (let end = 2; end <= thread.length; end++) {
          const before = fitted(thread.slice(0, end - 1), 20_000)
          const now = fitted(thread.slice(0, end), 20_000)
          if (JSON.stringify(now.slice(0, -1)) !== JSON.stringify(before)) changes++
        }
        // Each time half of the room is made free, and an answer takes a seventh of it at most.
        expect(changes).toBeLessThanOrEqual(Math.ceil(bytes(thread) / 7_000))
      }),
    )
  })
})

describe('the room that a model has', () => {
  it('is the usual where nobody knows, and less for one that takes less', () => {
    expect(roomIn(null, 20_000)).toEqual({ threadBytes: 240_000, replyTokens: 16_000 })
    expect(roomIn({}, 20_000).threadBytes).toBe(240_000)
    expect(roomIn({ window: 1_000_000 }, 20_000).threadBytes).toBe(240_000)
    expect(roomIn({ window: 32_000 }, 20_000)).toEqual({ threadBytes: 52_000, replyTokens: 8_000 })
    expect(roomIn({ window: 4_096 }, 20_000)).toEqual({ threadBytes: 24_000, replyTokens: 4_000 })
  })

  it('is halved when the model says that it is less, and at last not any more', () => {
    let room = roomIn(null, 0)
    for (let times = 0; times < 4; times++) room = lessRoom(room, {}, 0) ?? room
    expect(room).toEqual({ threadBytes: 24_000, replyTokens: 4_000 })
    expect(lessRoom(room, {}, 0)).toBeNull()
  })

  it('is too little where instructions alone would fill it', () => {
    const room = { threadBytes: 100_000, replyTokens: 4_000 }
    expect(lessRoom(room, { window: 8_192 }, 20_000)).toBeNull()
    expect(lessRoom(room, { window: 16_384 }, 20_000)).toEqual({ threadBytes: 50_000, replyTokens: 4_000 })
  })
})
