/** Domains that may not be what they look like: written with other letters than the plain ones, or in punycode. */

/** Anything that reads as a domain: labels of letters, digits, marks and hyphens, with any kind of full stop. */
const DOMAIN = /[\p{L}\p{N}\p{M}_-]{1,63}(?:[.。．｡][\p{L}\p{N}\p{M}_-]{1,63}){1,20}/gu
const ASCII = /^[ -~]*$/
const PUNYCODE = /(?:^|\.)xn--/i
const ENDING = /[.。．｡](?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]+)$/iu

/** Puts, after each such domain, the name it really has. */
export function markLookalikes(text: string): string {
  if (ASCII.test(text) && !/xn--/i.test(text)) return text
  return text.replace(DOMAIN, domain => domain + (warningAbout(domain) ?? ''))
}

function warningAbout(domain: string): string | null {
  if (PUNYCODE.test(domain)) return ' ‹look-alike? other letters in code›'
  if (ASCII.test(domain) || !ENDING.test(domain)) return null
  const real = URL.parse(`http://${domain}`)?.hostname
  if (real === undefined || real === '') return ' ‹look-alike? no valid name›'
  return mixesScripts(domain) ? ` ‹look-alike? really ${real}›` : ` ‹really ${real}›`
}

/** Scripts that have letters of the same shape as Latin ones. */
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Hebrew}/u,
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u,
]

function mixesScripts(domain: string): boolean {
  return SCRIPTS.filter(script => script.test(domain)).length > 1
}
