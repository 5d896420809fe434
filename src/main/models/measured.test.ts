import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ModelMessage, ModelRequest } from '../../domain/model.ts'
import { asking } from '../../../test/support/model-world.ts'
import { Measured } from './measured.ts'
import { bytesOf } from './prompt.ts'

const BY = 'anthropic api claude'
const used = (input: number) => ({ input, cached: 0, output: 0, reasoning: 0 })
const requestOf = (messages: ModelMessage[], taskId: string | null = 'tsk_1'): ModelRequest => ({
  ...asking(''),
  messages,
  of: { ...asking('').of, taskId },
})
const said = (text: string): ModelMessage => ({ from: 'user', text })

describe('how many tokens a request can have', () => {
  it('is its bytes, until its beginning was counted', () => {
    const measured = new Measured()
    const first = requestOf([said('a'.repeat(10_000))])
    expect(measured.mostTokens(first, BY)).toBe(bytesOf(first))
    measured.learn(first, BY, used(2_000))
    const grown = requestOf([...first.messages, said('b'.repeat(500))])
    expect(measured.mostTokens(grown, BY)).toBeLessThan(2_000 * 1.02 + 600)
    expect(measured.mostTokens(grown, BY)).toBeGreaterThan(2_500)
  })

  it.each<[string, (request: ModelRequest) => [ModelRequest, string]]>([
    ['another beginning', request => [{ ...request, messages: [said(`A${'a'.repeat(9_999)}`)] }, BY]],
    ['other instructions', request => [{ ...request, system: 'Another.' }, BY]],
    ['another model', request => [request, 'openai api gpt']],
    ['another task', request => [{ ...request, of: { ...request.of, taskId: 'tsk_2' } }, BY]],
    ['less of it', request => [{ ...request, messages: [] }, BY]],
  ])('is its bytes for %s', (_name, change) => {
    const measured = new Measured()
    const first = requestOf([said('a'.repeat(10_000))])
    measured.learn(first, BY, used(1))
    const [other, by] = change(first)
    expect(measured.mostTokens(other, by)).toBe(bytesOf(other))
  })

  it('never is less than a count of at least a byte for each token', () => {
    // Pieces of one to nine characters: whatever a tokenizer does, its tokens of a whole are those of its parts or fewer.
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 9 }), (given, size) => {
        const measured = new Measured()
        const countOf = (request: ModelRequest) => Math.ceil(bytesOf(request) / size)
        for (let end = 1; end <= given.length; end++) {
          const request = requestOf(given.slice(0, end).map(said))
          expect(measured.mostTokens(request, BY)).toBeGreaterThanOrEqual(countOf(request))
          expect(measured.mostTokens(request, BY)).toBeLessThanOrEqual(bytesOf(request))
          measured.learn(request, BY, used(countOf(request)))
        }
      }),
    )
  })

  it('keeps the counts of the newest fifty tasks', () => {
    const measured = new Measured()
    for (let n = 0; n < 51; n++)
      measured.learn(requestOf([said('a'.repeat(999))], `tsk_${String(n)}`), BY, used(1))
    const most = (n: number) =>
      measured.mostTokens(requestOf([said('a'.repeat(999))], `tsk_${String(n)}`), BY)
    expect([most(0), most(1), most(50)].map(count => count > 900)).toEqual([true, false, false])
  })
})
