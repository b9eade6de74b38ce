//! The default of each limit, with its reason.

use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// Wall clock of one call. A person or a model waits for the answer: five seconds is past what feels immediate and
/// short of what feels broken, and covers a slow HTTP request. Tools that work longer say so, and the operator raises it.
pub const WALL_CLOCK: Duration = Duration::from_secs(5);

/// Memory of one call. CPython with its standard library starts at about 40 MiB and QuickJS at 2 MiB, so this leaves
/// an interpreter room for real data; a thousand calls that each touch a few MiB still fit a small machine, because only
/// touched pages count there.
pub const MEMORY_BYTES: u64 = 256 * MIB;

/// Table elements of one call. An element is a pointer in the host's memory. A large interpreter has some twenty
/// thousand indirect functions, so five times that is generous and costs under 1 MiB.
pub const TABLE_ELEMENTS: u64 = 100_000;

/// Core instances of one call. A Rust component is made of 3, QuickJS of 9, and CPython, which links its shared
/// libraries one by one, of a few dozen.
pub const CORE_INSTANCES: u32 = 64;

/// Linear memories of one call. QuickJS has two; components composed of several have one or two for each part.
pub const MEMORIES: u32 = 8;

/// Tables of one call. Each core module brings about one, and the adapters between them another.
pub const TABLES: u32 = 32;

/// Fuel of one call under the profile `metered`. Fuel counts instructions: ten million take some tens of milliseconds
/// and end a call at the same place on every machine, which tests and replays want. Off by default, since the deadline bounds
/// the same thing and counting slows compute by a good part.
pub const METERED_FUEL: u64 = 10_000_000;

/// Arguments of one call. They come out of a model's context window, where a megabyte would already be some 250,000
/// tokens. Larger input goes through a stream or a file.
pub const ARGUMENT_BYTES: u64 = MIB;

/// Result of one call. The same reason as for arguments: the result goes back into a context window.
pub const OUTPUT_BYTES: u64 = MIB;

/// Bytes of a stream, each way. Streams exist for what is too large for one message; the pieces pass through without
/// being kept, so this bounds work and traffic rather than memory.
pub const STREAM_BYTES: u64 = 64 * MIB;

/// Log lines of one call. Enough to follow what a call did; a loop that logs is cut off before it fills a disk.
pub const LOG_LINES: u64 = 1_000;

/// Log bytes of one call: a thousand lines of 256 bytes.
pub const LOG_BYTES: u64 = 256 * KIB;

/// Standard output and standard error that are kept of one call. A panic's message and place fit in the last 4 KiB in
/// every guest language tried; the rest is room for what a person printed to find a fault.
pub const STDIO_BYTES: u64 = 64 * KIB;

/// Progress reports of one call. A progress bar can't show more than a few hundred steps.
pub const PROGRESS_REPORTS: u64 = 1_000;

/// Host calls of one call. At about a microsecond each a hundred thousand are a tenth of a second of host work; a guest
/// that reads or asks in a tight loop stops there.
pub const HOST_CALLS: u64 = 100_000;

/// Bytes that the host calls of one call carry. The host copies each of them, outside the guest's memory limit.
pub const HOST_CALL_BYTES: u64 = 64 * MIB;

/// Handles of one call. A handle costs the host a few hundred bytes and sometimes a descriptor; common systems give a
/// process 1,024 of those.
pub const HANDLES: u32 = 1_000;

/// Host calls and tasks in flight of one call. Fifty parallel requests are common in well-written code; each one in
/// flight holds buffers of the host.
pub const TASKS_IN_FLIGHT: u32 = 128;

/// HTTP requests of one call. Paging through a long listing takes a hundred; a loop that has run away ends soon after.
pub const REQUESTS: u32 = 256;

/// HTTP requests of one call in flight. Browsers open six connections to a host; sixteen covers a fan-out over several
/// hosts without opening a crowd of sockets.
pub const CONCURRENT_REQUESTS: u32 = 16;

/// Bytes that one call uploads. What it sends comes out of its arguments, its files and its state, all of them smaller.
pub const UPLOAD_BYTES: u64 = 64 * MIB;

/// Bytes that one call downloads. They stream through and are not kept, so this bounds traffic: a large data set or
/// archive fits, a stream without end does not.
pub const DOWNLOAD_BYTES: u64 = 256 * MIB;

/// Header of one message. Servers commonly refuse more than 8 to 32 KiB; cookies and tokens come close to it.
pub const HEADER_BYTES: u64 = 64 * KIB;

/// Fields of one header: the number at which common HTTP libraries give up.
pub const HEADER_FIELDS: u32 = 100;

/// Time to connect: three round trips around the world, and two lost packets.
pub const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Time to the first byte of a response. Interfaces that compute take some ten seconds; the call's own wall clock is
/// shorter unless it was raised.
pub const FIRST_BYTE_TIME: Duration = Duration::from_secs(30);

/// Time between two pieces of a body. Who sends nothing for so long has gone.
pub const IDLE_TIME: Duration = Duration::from_secs(30);

/// Time of one request: a large download on a slow line.
pub const REQUEST_TIME: Duration = Duration::from_secs(300);

/// TCP connections of one call. A client of a database keeps a handful.
pub const SOCKETS: u32 = 32;

/// Lookups of one call. Each tells whoever serves the name that it was asked for.
pub const LOOKUPS: u32 = 64;

/// Open files of one call. Common systems give a process 1,024 descriptors; sixteen calls share them.
pub const DESCRIPTORS: u32 = 64;

/// Folder entries of one call. A source tree has some ten thousand; a listing without end is cut.
pub const DIRECTORY_ENTRIES: u64 = 100_000;

/// HTTP requests of one plugin within a minute. A hundred a second is more than most services let one client make.
pub const REQUESTS_PER_MINUTE: u32 = 6_000;

/// Bytes that a plugin writes to files between two loads of it. Reports and exports fit many times; a disk is not filled.
pub const FILE_BYTES: u64 = 256 * MIB;

/// Files that a plugin makes between two loads of it: an unpacked archive, and not a file system without free inodes.
pub const FILES: u64 = 10_000;

/// Threads that wait for one plugin's files and lookups. Disks are kept busy by four; what a plugin has stuck never
/// takes the threads that others wait for.
pub const BLOCKING_THREADS: u32 = 4;

/// Time to wind up after a request to stop. Long enough to write a last event and to drop what is open, short enough
/// that who cancelled does not wait.
pub const CANCEL_GRACE: Duration = Duration::from_millis(250);

/// Calls of one plugin at once. Some sixteen plugins at this number fit the host's own limit, so one plugin can't take all of it.
pub const CONCURRENT_CALLS: u32 = 64;

/// Calls of one plugin that wait. Each holds its arguments, up to 1 MiB; four rounds of what runs at once would wait
/// longest, and a caller behind those is better told that the plugin is busy.
pub const QUEUED_CALLS: u32 = 256;

/// Warm instances of one plugin. Each holds its memory while nothing runs; a few cover the calls that overlap in
/// practice, and more are made when needed.
pub const WARM_INSTANCES: u32 = 4;

/// Calls after which a warm instance is retired, so that a slow leak in a guest never grows to its memory limit. One
/// instantiation among a thousand calls does not show in the average.
pub const WARM_CALLS: u64 = 1_000;

/// Sessions of one plugin. Each keeps an instance and its memory.
pub const SESSIONS: u32 = 64;

/// Idle time of a session. A person who looks something up between two questions comes back within ten minutes.
pub const SESSION_IDLE: Duration = Duration::from_secs(600);

/// Calls of one plugin within a minute: a thousand a second, more than any agent makes on purpose, and a loop that has
/// run away is noticed within a minute.
pub const CALLS_PER_MINUTE: u32 = 60_000;

/// Size of a component. CPython with its standard library is about 40 MiB, the largest that is common.
pub const COMPONENT_BYTES: u64 = 64 * MIB;

/// Size of one function body. The compiler's memory and time grow faster than the function, and it holds one whole
/// function at a time. The largest in real guests are interpreters' main loops, some hundred KiB.
pub const FUNCTION_BYTES: u64 = 512 * KIB;

/// Functions of a component. CPython has some fifteen thousand.
pub const FUNCTIONS: u32 = 100_000;

/// Time to compile. A component of 40 MiB takes some twenty seconds on two cores with an optimised compiler, and is
/// compiled once.
pub const COMPILE_TIME: Duration = Duration::from_secs(120);

/// Time to list definitions. The answer is constant; only starting an interpreter takes a noticeable part of this.
pub const PROBE_TIME: Duration = Duration::from_secs(2);

/// Tools of one plugin. Models choose badly among more than a few dozen; ten times that is no tool set any more.
pub const TOOLS: u32 = 256;

/// Definitions of one plugin together: 256 tools with 4 KiB each. They are kept for as long as the plugin is loaded.
pub const DEFINITION_BYTES: u64 = MIB;

/// One schema. It is shown to a model with every request, so that a larger one is not usable anyway.
pub const SCHEMA_BYTES: u64 = 64 * KIB;

/// Nesting of one schema. Each level of a type takes two or three levels of schema; validators recurse over them.
pub const SCHEMA_DEPTH: u32 = 64;

/// The manifest. The largest part is a settings schema of some KiB.
pub const MANIFEST_BYTES: u64 = 64 * KIB;

/// Calls of one host at once. Each holds a slot of the instance pool; the address space that the pool reserves for a
/// thousand is well within what 64-bit systems give.
pub const HOST_CONCURRENT_CALLS: u32 = 1_000;

/// Calls of one host that wait: twice what runs at once, up to 2 GiB of arguments in the worst case.
pub const HOST_QUEUED_CALLS: u32 = 2_000;

/// Sessions of one host. Sessions take slots of the pool; half of them stay free for calls.
pub const HOST_SESSIONS: u32 = 500;

/// Calls of one host within a minute: ten plugins at their own limit.
pub const HOST_CALLS_PER_MINUTE: u32 = 600_000;

/// WebAssembly stack of one call: twice the engine's default, because an interpreter inside a guest spends several
/// frames on one of its program's. Only touched pages cost memory.
pub const STACK_BYTES: u64 = MIB;

/// Components that compile at once. Compiling one uses all cores by itself; a second fills the gaps, a third only adds
/// memory.
pub const CONCURRENT_COMPILES: u32 = 2;

/// Compile cache on disk. Compiled code is about five times the component: this holds thousands of Rust plugins or
/// some ten CPython ones.
pub const CACHE_BYTES: u64 = 2 * GIB;

/// State of one plugin, where its capability names no quota: notes, cursors and caches of some thousand entries.
pub const STATE_BYTES: u64 = MIB;
