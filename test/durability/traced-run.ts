/** Runs one script that reads, remembers and posts, for `trace.test.ts` to watch from outside: folder and site as arguments. */
import { createWorld } from '../support/world.ts'

const [folder = '', host = ''] = process.argv.slice(2)
const world = await createWorld({ folder })
await world.install(
  'traced',
  `import { get, post } from 'tools/http'
   import { set } from 'tools/state'
   export default async function run() {
     await get('http://${host}/read')
     await set('k', 1)
     await post('http://${host}/marked', {})
   }`,
  { reads: { hosts: [host], paths: [] }, changes: [{ tool: 'http.post', hosts: [host], approval: 'never' }] },
)
const run = await world.run('traced')
process.stdout.write(run.state)
process.exit(run.state === 'succeeded' ? 0 : 1)
