/**
 * What a shell needs to rebuild a backup that builds on others, from plain tars and the manifest: POSIX sh, an awk of
 * any kind, dd. Both texts are pasted by people: no tabs, and no apostrophe in what awk gets in apostrophes.
 */

/**
 * Reads the manifest once and writes the commands of each step into a file of its own. Memory: the frames and folders.
 *
 * It takes apart JSON as `JSON.stringify` writes it. A quotation mark inside of a text always has a backslash before it,
 * so `"size":` is found only where it is a key; of two the first is meant.
 */
export const stepsOfManifest = String.raw`
# The number, or the text, of a key.
function number(key,   at) {
  at = index($0, "\"" key "\":")
  return at == 0 ? -1 : substr($0, at + length(key) + 3) + 0
}
function text(key,   at, rest, out, next_one) {
  at = index($0, "\"" key "\":\"")
  if (at == 0) return ""
  rest = substr($0, at + length(key) + 4)
  out = ""
  while (match(rest, /["\\]/) && substr(rest, RSTART, 1) == "\\") {
    next_one = substr(rest, RSTART + 1, 1)
    if (next_one == "u") out = out substr(rest, 1, RSTART - 1) byte(substr(rest, RSTART + 2, 4))
    else out = out substr(rest, 1, RSTART - 1) (next_one in escape ? escape[next_one] : next_one)
    rest = substr(rest, RSTART + (next_one == "u" ? 6 : 2))
  }
  return out substr(rest, 1, RSTART - 1)
}
# A control character; or, from dc80 on, a byte that is not UTF-8.
function byte(hex,   n, i) {
  n = 0
  for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
  if (n >= 56448) n -= 56320
  if (n > 255) unreadable = 1
  return sprintf("%c", n)
}
# What goes into a command as it is: nothing but digits, and what stands among them.
function plain(word) {
  gsub(/[^0-9a-f.-]/, "", word)
  return word
}
# A word for the shell.
function quoted(word,   at, out) {
  out = ""
  while ((at = index(word, "\047")) > 0) {
    out = out substr(word, 1, at - 1) "\047\\\047\047"
    word = substr(word, at + 1)
  }
  return "\047" out word "\047"
}
# The same command for up to 100 paths that follow each other.
function each(file, command, path) {
  if (command == begun[file] && ++paths[file] < 100) printf " %s", path > file
  else {
    printf "\n%s %s", command, path > file
    begun[file] = command
    paths[file] = 0
  }
}
function folder(name) {
  if (name in made) return
  made[name] = 1
  each("rebuild/folders", "mkdir -p", quoted("restored/" name))
}
# A piece of content; what lies side by side in one archive becomes one piece.
function piece_at(frame, offset, size,   from) {
  given++
  from = start[frame] + offset
  if (! (frame in start) || index(have, " " archive[frame] " ") == 0) lost = 1
  if (pieces > 0 && of[pieces] == archive[frame] && begin[pieces] + bytes[pieces] == from) bytes[pieces] += size
  else {
    pieces++
    of[pieces] = archive[frame]
    begin[pieces] = from
    bytes[pieces] = size + 0
  }
}
BEGIN {
  escape["n"] = "\n"; escape["r"] = "\r"; escape["t"] = "\t"; escape["b"] = "\b"; escape["f"] = "\f"
  n = split("folders contents links owners times modes odd left-out", step, " ")
  for (i = 1; i <= n; i++) printf "" > ("rebuild/" step[i])
}
index($0, "{\"manifest\":") == 1 { uid = number("uid"); gid = number("gid") }
index($0, "{\"frame\":") == 1 {
  frame = number("frame")
  archive[frame] = number("archive")
  start[frame] = length_of[archive[frame]] + 0
  length_of[archive[frame]] += number("size")
}
index($0, "{\"extents\":") == 1 {
  n = split(substr($0, 13), value, ",")
  for (i = 1; i + 2 <= n; i += 3) piece_at(value[i] + 0, value[i + 1] + 0, value[i + 2] + 0)
}
index($0, "{\"path\":") == 1 {
  unreadable = 0
  name = text("path")
  path = quoted("restored/" name)
  as_written = substr($0, 10, index($0, "\",\"") - 10)
  # No manifest of ours leads out of the folder.
  if (index("/" name "/", "/../") > 0) {
    print as_written > "rebuild/left-out"
    given = 0; pieces = 0; lost = 0
    next
  }
  kind = text("kind")
  size = number("size")
  if ((at = index($0, "\"at\":[")) > 0) {
    split(substr($0, at + 6), value, ",")
    piece_at(value[1] + 0, value[2] + 0, size)
  } else if (given > 0 && number("extents") != given) lost = 1
  if (kind == "file" && size > 0 && pieces == 0) lost = 1
  parent = name
  if (sub(/\/[^\/]*$/, "", parent)) folder(parent)
  if (kind == "directory") {
    folder(name)
    folders++
    folder_path[folders] = path
    folder_mode[folders] = plain(text("mode"))
  } else if (kind == "symlink") {
    print "ln -s -- " quoted(text("linkTarget")) " " path > "rebuild/links"
  } else if (lost || unreadable) {
    print as_written > "rebuild/left-out"
  } else {
    if (pieces == 0) print ": > " path > "rebuild/contents"
    for (i = 1; i <= pieces; i++)
      printf "part %s %.0f %.0f %s %s\n", of[i], begin[i], bytes[i], (i == 1 ? ">" : ">>"), path > "rebuild/contents"
    each("rebuild/modes", "chmod " plain(text("mode")), path)
    if (index(as_written, "\\") > 0) print "check " plain(text("sha256")) " " path > "rebuild/odd"
  }
  if (kind != "file" || ! (lost || unreadable)) {
    each("rebuild/owners", "chown -h " (number("uid") < 0 ? uid : number("uid")) ":" (number("gid") < 0 ? gid : number("gid")), path)
    seconds = plain(text("mtime"))
    sub(/\..*/, "", seconds)
    each("rebuild/times", "touch -h -d @" seconds, path)
  }
  given = 0; pieces = 0; lost = 0
}
END {
  # The innermost first: one may take away the right to look into it.
  for (i = folders; i > 0; i--) each("rebuild/modes", "chmod " folder_mode[i], folder_path[i])
  for (i in begun) printf "\n" > i
}`.trim();

/** Carries the steps out. `part <archive> <offset> <size>` gives bytes of a plain tar; not every dd can count in bytes. */
export const stepsCarriedOut = String.raw`
part() { dd if="rebuild/$1.tar" bs=64k iflag=skip_bytes,count_bytes skip="$2" count="$3" status=none; }
if [ "$(echo abcd | dd iflag=skip_bytes,count_bytes skip=1 count=2 status=none 2> /dev/null)" != bc ]; then
  part() { tail -c "+$(($2 + 1))" "rebuild/$1.tar" | head -c "$3"; }
fi
check() {
  case "$(sha256sum < "$2")" in
    "$1 "*) ;;
    *) echo "not as the manifest says: $2" >&2; failed=1 ;;
  esac
}
failed=0
. rebuild/folders
. rebuild/contents
. rebuild/links
. rebuild/odd
# A time or an owner that this system does not take is said, and is no reason to stop.
set +e
if [ "$(id -u)" = 0 ]; then . rebuild/owners; fi
. rebuild/times
. rebuild/modes
if [ -s rebuild/left-out ]; then
  echo "NOT rebuilt, their content is in an archive that is not here:" >&2
  cat rebuild/left-out >&2
  failed=1
fi
exit $failed`.trim();
