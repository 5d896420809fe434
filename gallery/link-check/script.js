/**
 * Reads the pages of a website from its first on, page by page, and asks for everything they link to on the same host
 * and on those that were named beside it, of which no page is read.
 * Says which links are broken when that is not what it said before. A site that is down is not a site without pages:
 * nothing is concluded from it.
 */
import { now } from 'tools/flow'
import { probe } from 'tools/http'
import { create } from 'tools/notes'
import { send } from 'tools/notify'
import { get, set } from 'tools/state'
import { page } from 'tools/web'

const slots = /*slots*/ {}

const BROKEN = 'broken'
const HOSTS = new Set([slots.url, ...(slots.others ?? [])].map(hostOf))
/** Addresses for each page that may be read. */
const PER_PAGE = 10
const SHOWN = 20
/** So many in a row without any answer: it is the site that is down. */
const MOST_SILENT = 5
/** Some servers do not know how to answer a question for the head alone. */
const ASK_AGAIN = [400, 403, 404, 405, 406, 410, 429, 500, 501, 502, 503]
/** Not broken: a person has to sign in, or it was asked too often. */
const NOT_BROKEN = [401, 403, 407, 429]
const UNREAD = ['bad-response', 'not-permitted', 'rejected']
/** A page so long that it could not be read within the limits. */
const TOO_MUCH = 'script-limit'
const OTHER_KIND =
  /\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|js|json|xml|pdf|zip|gz|mp[34]|webm|woff2?|docx?|xlsx?|pptx?)$/i

export default async function run() {
  const looked = await now()
  const found = await crawl()
  if (found.isDown)
    return {
      ...resultOf(found, looked),
      summary: 'The site did not answer, so nothing was checked.',
      note: null,
    }
  const broken = found.addresses.filter(({ problem }) => problem !== null)
  const before = (await get(BROKEN)) ?? []
  const fresh = broken.filter(({ url }) => !before.includes(url))
  const mended = before.filter(url =>
    found.addresses.some(known => known.url === url && known.problem === null),
  )
  const note =
    fresh.length + mended.length > 0 ? await report({ found, broken, fresh, mended, looked }) : null
  // What was out of reach this time is still what it was.
  const unseen = before.filter(url => !found.addresses.some(known => known.url === url) && !found.isWhole)
  const known = [...broken.map(({ url }) => url), ...unseen]
  if (known.join('\n') !== before.join('\n')) await set(BROKEN, known.slice(0, 2_000))
  return { ...resultOf(found, looked), summary: summaryOf(found, broken), note }
}

/** A site of which nothing could be read is not one without broken links. The report is kept with the run, or not at all. */
export function verify({ result }) {
  return { ok: result.isDown || result.pages > 0, evidence: 'no page could be read' }
}

function resultOf({ addresses, pages, isWhole, isDown }, looked) {
  const broken = addresses.filter(({ problem }) => problem !== null)
  return {
    looked: looked.iso,
    pages,
    addresses: addresses.length,
    broken: broken.slice(0, 200),
    isWhole,
    isDown,
  }
}

async function crawl() {
  const host = hostOf(slots.url)
  const most = slots.pages * PER_PAGE
  const known = new Map([[slots.url, { url: slots.url, on: [], problem: null }]])
  const state = { pages: 0, silent: 0, isWhole: true, checked: [] }
  // A map goes on with what is added to it on the way.
  for (const address of known.values()) {
    if (state.checked.length === most) return { ...endOf(state), isWhole: false }
    await check(address, state, host)
    if (state.silent === MOST_SILENT || (state.checked.length === 1 && state.silent === 1))
      return { ...endOf(state), isWhole: false, isDown: true }
    if (address.problem !== null || hostOf(address.url) !== host || OTHER_KIND.test(pathOf(address.url)))
      continue
    if (state.pages === slots.pages) state.isWhole = false
    else for (const url of await linksOf(address.url, state)) addLink(known, url, address.url)
  }
  return endOf(state)
}

function endOf({ pages, isWhole, checked }) {
  return { pages, isWhole, isDown: false, addresses: checked }
}

function addLink(known, url, on) {
  const address = known.get(url) ?? { url, on: [], problem: null }
  if (address.on.length < 3 && url !== on) address.on.push(on)
  known.set(url, address)
}

async function check(address, state, host) {
  const answer = await asked(address.url)
  address.problem = problemOf(answer)
  // Another site that is down says nothing about this one.
  if (hostOf(address.url) === host) state.silent = answer.reachable ? 0 : state.silent + 1
  state.checked.push(address)
}

async function asked(url) {
  try {
    const head = await probe(url, { method: 'HEAD' })
    return head.status !== null && ASK_AGAIN.includes(head.status) ? await probe(url) : head
  } catch (error) {
    // It leads on to a site that is not looked at.
    if (codeOf(error) !== 'not-permitted') throw error
    return { reachable: true, ok: true, status: null, reason: null }
  }
}

function problemOf({ ok, reachable, status, reason }) {
  if (ok || NOT_BROKEN.includes(status)) return null
  return reachable ? `status ${status}` : `no answer (${reason})`
}

async function linksOf(url, state) {
  try {
    const { links } = await page(url, { selector: 'body', maxText: 1_000 })
    state.pages += 1
    const checked = links.map(link => link.url.split('#', 1)[0]).filter(link => HOSTS.has(hostOf(link)))
    return [...new Set(checked)]
  } catch (error) {
    if (codeOf(error) === TOO_MUCH) state.isWhole = false
    else if (!UNREAD.includes(codeOf(error))) throw error
    // No page, or one that robots.txt asks programs not to read: it is there, and that is what was asked.
    return []
  }
}

function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

async function report({ found, broken, fresh, mended, looked }) {
  const name = hostOf(slots.url)
  const heading =
    broken.length === 0 ? `${name}: no broken links any more` : `${name}: ${counted(broken.length)}`
  const lines = [
    ...fresh
      .slice(0, SHOWN)
      .map(({ url, problem, on }) => `${url}: ${problem}${on.length === 0 ? '' : `, on ${on[0]}`}`),
    ...(fresh.length > SHOWN ? [`and ${fresh.length - SHOWN} more`] : []),
    ...(mended.length > 0 ? [`In order again: ${mended.length}.`] : []),
  ]
  const level = fresh.length > 0 ? 'warning' : 'info'
  await send(cut(heading, 120), cut(lines.join('\n'), 3_900), { level })
  const { id } = await create(`Links of ${name}, ${looked.date}`, reportText(found, broken), {
    tags: ['links'],
  })
  return id
}

function reportText({ pages, addresses, isWhole }, broken) {
  const parts = broken.map(
    ({ url, problem, on }) => `- <${url}>: ${problem}\n${on.map(where => `  - on <${where}>\n`).join('')}`,
  )
  const rest = isWhole ? '' : ' There was more than was looked at.'
  const head = `${pages} pages read, ${addresses.length} addresses asked for, ${broken.length} broken.${rest}\n\n`
  return cut(head + parts.join(''), 250_000)
}

function summaryOf({ pages, addresses, isWhole }, broken) {
  const rest = isWhole ? '' : ', more were left out'
  return `${counted(broken.length)} among ${addresses.length} addresses, ${pages} pages read${rest}.`
}

function counted(number) {
  return number === 1 ? '1 broken link' : `${number} broken links`
}

function hostOf(url) {
  return url.split('/')[2]
}

function pathOf(url) {
  return url.split(/[?#]/, 1)[0]
}

/** Never through the middle of a character. */
function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
