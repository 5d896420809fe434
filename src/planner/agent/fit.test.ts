import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
