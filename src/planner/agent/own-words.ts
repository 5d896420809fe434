/**
 * What a person named in their own words, in the order in which they said it (P3): what is not wanted, in English or
 * German, names nothing, and takes back what was named before. A sentence that says no anywhere counts as one that does
 * not want: where it was meant otherwise, the person is asked once more.
 */
import { pathWithin } from '../../domain/places.ts'
import type { Looks } from './draft.ts'
import { addressesIn, coversHost, NO_PLACES, placesIn, withLooks } from './looks.ts'

export interface OwnWords {
  readonly places: Looks
  readonly addresses: readonly string[]
}

const SAYS_NO =
  /(?<![\p{L}\p{N}])(?:no|not|never|none|nothing|nobody|neither|nor|without|except|excluding|exclude|avoid|skip|ignore|forget|stop|forbid|forbidden|off limits|out of|away from|hands off|don['’]?t|doesn['’]?t|won['’]?t|can['’]?t|cannot|mustn['’]?t|shouldn['’]?t|isn['’]?t|aren['’]?t|nicht|nie|niemals|nein|kein\p{L}*|ohne|außer|ausser|ausgenommen|weder|verbot\p{L}*|vermeide\p{L}*|lass\p{L}*|finger weg|fern)(?![\p{L}\p{N}])/iu
/** Sentences end with a sign before a space; after “but” another wish begins. Full stops within addresses end nothing. */
const ENDS =
  /[.!?;]+(?=\s|$)|\n+|(?<![\p{L}\p{N}])(?:but|however|instead|aber|sondern|stattdessen)(?![\p{L}\p{N}])/iu

export function saysNo(text: string): boolean {
  return SAYS_NO.test(text)
}

export function namedIn(said: readonly string[], home: string): OwnWords {
  const none: OwnWords = { places: NO_PLACES, addresses: [] }
  return said.flatMap(text => text.split(ENDS)).reduce((named, part) => afterPart(named, part, home), none)
}

function afterPart(named: OwnWords, part: string, home: string): OwnWords {
  const places = placesIn(part, home)
  const addresses = addressesIn(part)
  if (!saysNo(part)) {
    return { places: withLooks(named.places, places), addresses: [...named.addresses, ...addresses] }
  }
  return {
    places: without(named.places, places),
    addresses: named.addresses.filter(address => !addresses.includes(address)),
  }
}

/** What has anything to do with what is not wanted: a folder around it, and one in it. */
function without({ hosts, paths, accounts }: Looks, unwanted: Looks): Looks {
  const isNear = (path: string) =>
    unwanted.paths.some(other => pathWithin(other, path) || pathWithin(path, other))
  const isSame = (host: string) =>
    unwanted.hosts.some(other => coversHost(other, host) || coversHost(host, other))
  return {
    hosts: hosts.filter(host => !isSame(host)),
    paths: paths.filter(path => !isNear(path)),
    accounts,
  }
}
