import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODEL_MAKERS, usualModel } from '../../domain/model-makers.ts'
import { MODEL_ROLES } from '../../domain/model.ts'
import { PICTURE_QUALITIES, PICTURE_SHAPES } from '../../domain/picture.ts'
import { aboutPicture, mostOfPicture, pictureTariffOf, spentOnPicture } from './picture-prices.ts'
import { costOf, mostOf, tariffOf } from './prices.ts'

const at = (maker: (typeof MODEL_MAKERS)[number], model: string, base = 'https://models.example/v1') =>
  tariffOf({ maker, model, base, own: undefined })

const pictures = (maker: (typeof MODEL_MAKERS)[number], model: string, base = 'https://models.example/v1') =>
  pictureTariffOf({ maker, model, base, own: undefined })

describe('the table of prices', () => {
  it('knows every model that is asked where nobody chose one', () => {
    for (const maker of MODEL_MAKERS)
      for (const role of MODEL_ROLES) {
        const model = usualModel(maker, role)
        const tariff = role === 'images' ? pictures : at
        if (model !== null) expect(tariff(maker, model), model).toMatchObject({ isEstimate: false })
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

  it('never lets a picture cost more than was reserved for it', () => {
    const models = fc.constantFrom<[(typeof MODEL_MAKERS)[number], string]>(
      ['openai', 'gpt-image-2.5-flare'],
      ['openai', 'gpt-image-9'],
      ['google', 'gemini-nano-banana-2.1'],
      ['google', 'gemini-3-pro-image'],
      ['compatible', 'who-knows'],
    )
    const wish = fc.record({
      prompt: fc.string({ unit: 'binary', maxLength: 300 }),
      shape: fc.constantFrom(...PICTURE_SHAPES),
      quality: fc.constantFrom(...PICTURE_QUALITIES),
    })
    fc.assert(
      fc.property(models, wish, fc.nat(100), fc.boolean(), ([maker, model], asked, share, isReported) => {
        const tariff = pictures(maker, model)
        const input = Buffer.byteLength(asked.prompt) + 1_000
        const output = Math.floor((tariff.most[asked.quality] * share) / 100)
        const reported = { input, cached: 0, written: 0, output, reasoning: 0 }
        const { micros } = spentOnPicture(asked, isReported ? reported : null, tariff)
        expect(micros).toBeLessThanOrEqual(mostOfPicture(asked, tariff))
        expect(aboutPicture(asked, tariff)).toBeLessThanOrEqual(mostOfPicture(asked, tariff))
      }),
    )
  })

  it('takes an unknown model that draws for the dearest usual one', () => {
    expect(pictures('openai', 'gpt-image-2.6-flare')).toMatchObject({ isEstimate: true })
    expect(pictures('google', 'gemini-9-sketch').at(1)).toMatchObject({ output: 120_000_000 })
    expect(pictures('compatible', 'any', 'http://127.0.0.1:8080/v1').at(1).output).toBe(0)
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
