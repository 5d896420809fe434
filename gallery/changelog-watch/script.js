/**
 * Tells of new releases of projects, each with its notes. Which of them are new is the trigger's to know. Started by
 * hand, it says which release each project has now, and tells nobody.
 */
import { read } from 'tools/feeds'
import { send } from 'tools/notify'

const slots = /*slots*/ {}

/** Releases with a notice of their own; of more at once there is a list. */
const SINGLE = 3
const TRIAL =
  /(?:^|[^a-z])(?:alpha|beta|rc|pre|preview|prerelease|dev|nightly|canary|snapshot|unstable|insiders?)(?:[^a-z]|$)|\d(?:a|b|rc)\d/i

export default async function run(event) {
  if (event?.trigger !== 'feed') return byHand()
  const releases = event.items.filter(isWanted)
  const project = projectOf(event)
  for (const release of releases.slice(-SINGLE)) await tell(project, release)
  const others = releases.slice(0, -SINGLE)
  if (others.length > 0) await tellList(project, others)
  return {
    summary: `${releases.length} of ${event.items.length} told.`,
    looked: event.items.length,
    releases: releases.map(release => ({ project, ...shown(release) })),
  }
}

function isWanted({ title, link, text }) {
  if (slots.versions === 'stable' && (TRIAL.test(title ?? '') || TRIAL.test(lastPart(link)))) return false
  return slots.words === null || hasWords([title ?? '', text], slots.words)
}

/** The tag, in most addresses of releases. */
function lastPart(link) {
  return (link ?? '').split(/[?#]/, 1)[0].split('/').at(-1)
}

function hasWords(texts, { any, none }) {
  const places = texts.map(folded)
  const has = word => places.some(place => beginsIn(place, folded(word)))
  return !none.some(has) && (any.length === 0 || any.some(all => all.every(has)))
}

/** Case, accents and the kind of blank do not matter. */
function folded(text) {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/\s+/g, ' ')
}

/** Whether a word of the text begins so. */
function beginsIn(text, start) {
  for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
    if (!/[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at))) return true
  }
  return false
}

async function tell(project, release) {
  const { title, link } = shown(release)
  const parts = [link, cut(release.text.trim(), 2_500)].filter(part => part !== null && part !== '')
  await send(cut(`${project}: ${title}`, 120), parts.join('\n\n'))
}

async function tellList(project, releases) {
  const lines = releases.slice(-30).map(release => {
    const { title, link } = shown(release)
    return link === null ? title : `${title}\n${link}`
  })
  await send(cut(`${project}: ${releases.length} more releases`, 120), cut(lines.join('\n'), 3_900))
}

function shown({ title, link }) {
  return {
    title: cut((title ?? lastPart(link)).replaceAll(/\s+/g, ' ').trim(), 100) || 'a new version',
    link,
  }
}

/** Feeds of releases say more than the name. */
function projectOf({ title, url }) {
  const named = (title ?? '')
    .replace(/^(?:release notes|releases|tags|pypi recent updates|recent updates)\s+(?:from|for|of)\s+/i, '')
    .replace(/^crates\.io:\s*/i, '')
    .trim()
  return cut(named === '' ? url.split('/')[2] : named, 60)
}

async function byHand() {
  const releases = []
  const problems = []
  let looked = 0
  for (const url of slots.projects) {
    try {
      const { title, items } = await read(url, { limit: 50, maxText: 5_000 })
      looked += items.length
      const latest = items.find(isWanted)
      if (latest !== undefined) releases.push({ project: projectOf({ title, url }), ...shown(latest) })
    } catch (error) {
      problems.push(
        `${url.split('/')[2]}: ${error instanceof Error ? error.message : 'It could not be read.'}`,
      )
    }
  }
  const latest = releases.map(({ project, title }) => `${project} ${title}`).join(', ')
  return {
    summary: `There now: ${latest === '' ? 'nothing that fits' : latest}.`,
    looked,
    releases,
    problems,
  }
}

/** Never through the middle of a character. */
function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
}
