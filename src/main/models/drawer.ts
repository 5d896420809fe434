/** One request for a picture, with its tries: paid for as text is, at what a picture of its quality takes. */
import type { DrawReply, DrawRequest, Quote } from '../../domain/model.ts'
import type { Wish } from '../../domain/picture.ts'
import { Drawing } from './drawing.ts'
import type { ExchangeOptions, Target } from './exchange.ts'
import { Payer } from './payer.ts'
import type { PayerOptions, Try } from './payer.ts'
import { pictureTariffOf, spentOnPicture, mostOfPicture, aboutPicture } from './picture-prices.ts'
import type { PictureTariff } from './picture-prices.ts'

export function quoteFor(options: PayerOptions, target: Target, wish: Wish): Quote {
  const tariff = tariffFor(options, target)
  return { about: aboutPicture(wish, tariff), most: mostOfPicture(wish, tariff) }
}

export async function draw(options: PayerOptions, target: Target, request: DrawRequest): Promise<DrawReply> {
  const { wish, settles } = request
  const tariff = tariffFor(options, target)
  const payer = new Payer(options, target, request)
  return payer.whole(async () => {
    const { came, entry } = await payer.take<Uint8Array>({
      most: mostOfPicture(wish, tariff),
      begin: exchange => tryOf(exchange, wish, tariff),
    })
    const isCallers = settles === 'caller'
    if (!isCallers) await payer.settle(entry)
    const { id: _id, ...spent } = entry
    return { bytes: came, ...spent, model: target.model, ...(isCallers ? { unsettled: entry } : {}) }
  })
}

function tryOf(exchange: ExchangeOptions, wish: Wish, tariff: PictureTariff): Try<Uint8Array> {
  const drawing = new Drawing(exchange)
  return {
    get hadBegun() {
      return drawing.hadBegun
    },
    run: () => drawing.run(wish),
    spent: () => spentOnPicture(wish, drawing.tokens, tariff),
  }
}

function tariffFor({ ledger }: PayerOptions, { maker, model, base }: Target): PictureTariff {
  return pictureTariffOf({ maker, model, base, own: ledger.priceOf(model) })
}
