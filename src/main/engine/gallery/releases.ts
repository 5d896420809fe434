/** Where projects announce their releases as feeds, found from the addresses that people have. Pure. */

interface Forge {
  host: string
  /** Finds the project in a path. */
  project: RegExp
  feed: (project: string) => string
}

const FORGES: readonly Forge[] = [
  {
    host: 'github.com',
    project: /^\/([^/]+\/[^/]+?)(?:\.git)?(?:\/(?:releases|tags|tree|blob|issues|pulls|wiki)(?:\/.*)?)?\/?$/,
    feed: project => `https://github.com/${project}/releases.atom`,
  },
  {
    host: 'gitlab.com',
    project: /^\/([^/]+(?:\/[^/]+)+?)(?:\.git)?(?:\/-\/.*)?\/?$/,
    feed: project => `https://gitlab.com/${project}/-/releases.atom`,
  },
  {
    host: 'codeberg.org',
    project: /^\/([^/]+\/[^/]+?)(?:\.git)?(?:\/(?:releases|tags|src|issues|pulls|wiki)(?:\/.*)?)?\/?$/,
    feed: project => `https://codeberg.org/${project}/releases.rss`,
  },
  {
    host: 'pypi.org',
    project: /^\/project\/([^/]+)(?:\/.*)?$/,
    feed: project => `https://pypi.org/rss/project/${project}/releases.xml`,
  },
  {
    host: 'crates.io',
    project: /^\/crates\/([^/]+)(?:\/.*)?$/,
    feed: project => `https://static.crates.io/rss/crates/${project}.xml`,
  },
]

/** The feed of the releases of a project; any other address is taken for a feed itself. */
export function releaseFeed(address: URL): URL {
  const host = address.hostname.replace(/^www\./, '')
  for (const forge of FORGES) {
    const project = forge.host === host ? forge.project.exec(address.pathname)?.[1] : undefined
    if (project !== undefined && !/\.(atom|rss|xml)$/.test(address.pathname))
      return new URL(forge.feed(project))
  }
  return address
}
