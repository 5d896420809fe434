/**
 * A folder is a layer and imports point down: the one table of who may import what. Everything that is not
 * listed is refused; tests beside a file live by its row, but may use any package and Node itself.
 */
const folders = {
  domain: '^src/domain/',
  envelope: '^src/domain/envelope[./]',
  sandbox: '^src/sandbox/',
  planner: '^src/planner/',
  maintainer: '^src/maintainer/',
  store: '^src/main/store/',
  models: '^src/main/models/',
  tools: '^src/main/tools/',
  connections: '^src/main/connections/',
  engine: '^src/main/engine/',
  client: '^src/main/server/client\\.ts$',
  server: '^src/main/server/(?!client\\.ts$)',
  remote: '^src/main/remote/',
  shell: '^src/main/shell/',
  home: '^src/main/home(\\.test)?\\.ts$',
  codeCache: '^src/main/code-cache\\.ts$',
  core: '^src/main/(core|teardown|idle-folder)\\.ts$',
  headless: '^src/main/headless\\.ts$',
  electron: '^src/main/electron\\.ts$',
  cli: '^src/main/cli(\\.ts$|/)',
  relay: '^src/relay/',
  renderer: '^src/renderer/',
}

/**
 * imports: our folders, beside its own · types: folders of which only types may be imported ·
 * packages: the only npm packages (absent: any that no other folder owns) · node: may use Node's modules.
 */
const layers = {
  domain: { imports: [], packages: ['zod', '@noble/'], node: false },
  sandbox: {
    imports: ['domain'],
    packages: ['zod', 'quickjs-emscripten', '@jitl/', 'acorn', 'magic-string'],
    node: true,
  },
  planner: { imports: ['domain'], packages: ['zod', 'minisearch'], node: false },
  maintainer: { imports: ['domain'], packages: ['zod'], node: false },
  store: { imports: ['domain'], node: true },
  models: { imports: ['domain'], node: true },
  connections: { imports: ['domain'], node: true },
  tools: { imports: ['domain', 'connections', 'models'], node: true },
  engine: { imports: ['domain', 'store', 'tools', 'sandbox', 'planner', 'maintainer'], node: true },
  client: { imports: [], types: ['server'], packages: [], node: false },
  server: { imports: ['engine', 'store', 'domain'], node: true },
  remote: { imports: ['engine', 'store', 'domain'], node: true },
  shell: { imports: ['domain'], node: true },
  home: { imports: ['domain'], packages: ['zod'], node: true },
  codeCache: { imports: [], packages: [], node: true },
  core: {
    imports: [
      'home',
      'domain',
      'store',
      'models',
      'tools',
      'connections',
      'sandbox',
      'planner',
      'maintainer',
    ].concat(['engine', 'server', 'remote']),
    node: true,
  },
  headless: { imports: ['core', 'home', 'codeCache', 'domain'], node: true },
  electron: { imports: ['core', 'home', 'shell', 'domain'], node: true },
  cli: {
    imports: ['core', 'headless', 'home', 'codeCache', 'client', 'domain'],
    types: ['server'],
    node: true,
  },
  relay: { imports: ['envelope'], node: true },
  renderer: { imports: ['client', 'domain'], types: ['server'], node: false },
}

/** Packages behind which there is a decision, and the only folders that may know them. */
const owned = {
  electron: ['shell', 'electron'],
  'better-sqlite3': ['store'],
  kysely: ['store'],
  'quickjs-emscripten': ['sandbox'],
  undici: ['tools', 'connections', 'models'],
  hono: ['server', 'remote', 'relay'],
  '@hono/node-server': ['server', 'remote', 'relay'],
  '@ai-sdk': ['models'],
  commander: ['cli'],
}

const entries =
  '^src/main/(headless|cli|electron)\\.ts$|worker\\.ts$|^src/main/tools/compute/host\\.ts$|^src/(renderer|relay)/main\\.tsx?$'
const tests = '\\.test\\.tsx?$'
const npm = names => names.map(name => `node_modules/(@types/)?${name}${name.endsWith('/') ? '' : '[-/]'}`)
const paths = names => names.map(name => folders[name])

const forbidden = Object.entries(layers).flatMap(([name, { imports, types = [], packages, node }]) => [
  {
    name: `${name}-imports-down`,
    comment: `${name} may import ${[...imports, ...types.map(type => `types of ${type}`)].join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: folders[name] },
    to: { path: '^src/', pathNot: paths([name, ...imports, ...types]) },
  },
  ...types.map(type => ({
    name: `${name}-types-of-${type}`,
    comment: `${name} may import types of ${type}, and nothing that runs`,
    severity: 'error',
    from: { path: folders[name] },
    to: { path: folders[type], dependencyTypesNot: ['type-only'] },
  })),
  ...(packages === undefined
    ? []
    : [
        {
          name: `${name}-packages`,
          comment: `${name} may use the packages ${packages.join(', ')}`,
          severity: 'error',
          from: { path: folders[name], pathNot: tests },
          to: { path: 'node_modules/', pathNot: npm(packages) },
        },
      ]),
  ...(node
    ? []
    : [
        {
          name: `${name}-without-node`,
          comment: `${name} runs anywhere: no module of Node`,
          severity: 'error',
          from: { path: folders[name], pathNot: tests },
          to: { dependencyTypes: ['core'] },
        },
      ]),
])

const ownership = Object.entries(owned).map(([name, owners]) => ({
  name: `only-${owners.join('-')}-knows-${name.replace(/\W/g, '')}`,
  comment: `${name} is known to ${owners.join(', ')} only`,
  severity: 'error',
  from: { path: '^src/', pathNot: [tests, ...paths(owners)] },
  to: { path: `node_modules/(@types/)?${name}/` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...forbidden,
    ...ownership,
    {
      name: 'every-file-has-a-row',
      comment: 'A file that does not know which row of the table it is in is in the wrong place.',
      severity: 'error',
      from: { path: '^src/', pathNot: paths(Object.keys(layers)) },
      to: {},
    },
    {
      name: 'no-circles',
      comment: 'Two files that need each other to run are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'product-without-tests',
      comment: 'What ships does not import tests, benchmarks or tools of development.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: ['^test/', '^bench/', '^eval/', tests] },
    },
    {
      name: 'product-without-development',
      comment: 'What ships runs on production dependencies.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'declared-packages',
      comment: 'A package that is imported is in package.json, pinned.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'An import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dead-files',
      comment:
        'A file that no entry point reaches is not part of the product. Worker threads are entry points.',
      severity: 'error',
      from: { path: entries },
      to: { path: '^src/', pathNot: [entries, tests, '\\.d\\.ts$'], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
