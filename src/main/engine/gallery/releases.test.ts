import { describe, expect, it } from 'vitest'
import { releaseFeed } from './releases.ts'

describe('the feed of releases', () => {
  it.each([
    ['https://github.com/owner/name', 'https://github.com/owner/name/releases.atom'],
    ['https://www.github.com/owner/name.git', 'https://github.com/owner/name/releases.atom'],
    ['https://github.com/owner/name.js/releases/tag/v1.0', 'https://github.com/owner/name.js/releases.atom'],
    ['http://github.com/owner/name/tree/main/docs?tab=x#y', 'https://github.com/owner/name/releases.atom'],
    ['https://gitlab.com/group/sub/name/-/tree/main', 'https://gitlab.com/group/sub/name/-/releases.atom'],
    ['https://codeberg.org/owner/name/', 'https://codeberg.org/owner/name/releases.rss'],
    ['https://pypi.org/project/some-name/1.0/', 'https://pypi.org/rss/project/some-name/releases.xml'],
    ['https://crates.io/crates/some-name', 'https://static.crates.io/rss/crates/some-name.xml'],
  ])('of %s is %s', (address, feed) => {
    expect(releaseFeed(new URL(address)).href).toBe(feed)
  })

  it.each([
    'https://github.com/owner/name/releases.atom',
    'https://github.com/owner/name/commits/main.atom',
    'https://github.com/owner',
    'https://example.com/owner/name',
    'https://notgithub.com/owner/name',
    'https://pypi.org/help/',
  ])('is %s itself', address => {
    expect(releaseFeed(new URL(address)).href).toBe(address)
  })
})
