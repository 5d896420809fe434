import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODEL_MAKERS, usualModel } from '../../domain/model-makers.ts'
import { MODEL_ROLES } from '../../domain/model.ts'
import { costOf, mostOf, tariffOf } from './prices.ts'

const at = (maker: (typeof MODEL_MAKERS)[number], model: string, base = 'https://models.example/v1') =>
  tariffOf({ maker, model, base, own: undefined })

describe('the table of prices', () => {
  it('knows every model that is asked where nobody chose one', () => {
    for (const maker of MODEL_MAKERS)
      for (const role of MODEL_ROLES) {
        const model = usualModel(maker, role)
        if (model !== null) expect(at(maker, model), model).toMatchObject({ isEstimate: false })
      }
  })

  it('takes a dated name for the model, and a later one for a guess', () => {
    expect(at('openai', 'gpt-4o-mini-2024-07-18')).toMatchObject({ isEstimate: false, window: 128_000 })
    expect(at('openai', 'gpt-4o-mini-2024-07-18').at(1)).toMatchObject({ input: 150_000 })
    expect(at('anthropic', 'claude-sonnet-5-9')).toMatchObject({ isEstimate: true })
    expect(at('openrouter', 'anthropic/claude-opus-5.5').at(1)).toMatchObject({ output: 20_000_000 })
  })

  it('takes an unknown model for the dearest usual one', () => {
    const { isEstimate, at: price } = at('google', 'gemini-9-neon')
    expect(isEstimate).toBe(true)
    expect(price(1).output).toBe(20_000_000)
  })

  it('has another price for long requests, where the provider has', () => {
    const { at: price } = at('openai', 'gpt-6-sol')
    expect([price(272_000).input, price(272_001).input]).toEqual([2_000_000, 4_000_000])
  })

  it('charges nothing for a server on this machine, and something for one elsewhere', () => {
    expect(at('compatible', 'any', 'http://127.0.0.1:11434/v1').at(1).output).toBe(0)
    expect(at('compatible', 'any', 'http://localhost:1234/v1').at(1).output).toBe(0)
    expect(at('compatible', 'any', 'https://127.0.0.1.example.com/v1').at(1).output).toBeGreaterThan(0)
  })

  it('never lets a call cost more than was reserved for it', () => {
    const models = fc.constantFrom(
      ['openai', 'gpt-6-sol'],
      ['anthropic', 'claude-haiku-5-5'],
      ['google', 'x'],
    )
    const count = fc.nat(600_000)
    fc.assert(
      fc.property(models, count, count, fc.nat(100), fc.nat(100), ([maker, model], input, output, a, b) => {
        const tariff = at(maker, model)
        const cached = Math.floor((input * Math.min(a, b)) / 100)
        const written = Math.floor(((input - cached) * Math.max(a, b)) / 100)
        const cost = costOf({ input, cached, written, output, reasoning: 0 }, tariff)
        expect(cost).toBeLessThanOrEqual(mostOf(input, output, tariff))
      }),
    )
  })
})
