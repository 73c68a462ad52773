#!/bin/sh
# Follows a recipe of `tidegate baseline check --recipe` with git and coreutils alone.
#
#     verify-recipe.sh RECIPE [REPOSITORY]
#
# Patch files that the recipe names are looked for beside it. Nothing in the repository changes: index and new
# objects are in a folder that is gone afterwards.
set -eu
recipe=$1
repository=$(git -C "${2:-.}" rev-parse --absolute-git-dir)
folder=$(dirname "$recipe")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

fail() { echo "$*" >&2; exit 1; }
# field NAME: its values, in order. A recipe has one field a line.
field() { sed -n 's/^ *"'"$1"'": "\(.*\)",\{0,1\}$/\1/p' "$recipe"; }

mkdir "$room/objects"
export GIT_DIR="$repository" GIT_INDEX_FILE="$room/index" GIT_OBJECT_DIRECTORY="$room/objects"
export GIT_ALTERNATE_OBJECT_DIRECTORIES="$(git rev-parse --git-common-dir)/objects"
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

[ "$(field format)" = tidegate-recipe-1 ] || fail "the format is not tidegate-recipe-1"
git read-tree "$(field release_commit)"
sed -n 's/^ *"\(apply_commit\|apply_file\|sha256\)": "\(.*\)",\{0,1\}$/\1 \2/p' "$recipe" >"$room/steps"
while read -r kind name; do
    case $kind in
        apply_commit)
            case $name in *[!0-9a-f]*) fail "$name is no commit" ;; esac
            git cat-file commit "$name" >"$room/hashed"
            git diff-tree -p --binary --full-index --no-renames "$name^1" "$name" >"$room/patch" ;;
        apply_file)
            case $name in */* | .*) fail "$name is no file beside the recipe" ;; esac
            cp "$folder/$name" "$room/patch"
            cp "$room/patch" "$room/hashed" ;;
        sha256)
            [ "$(sha256sum <"$room/hashed" | cut -d ' ' -f 1)" = "$name" ] || fail "a patch's SHA-256 differs"
            [ ! -s "$room/patch" ] || git apply --cached "$room/patch" ;;
    esac
done <"$room/steps"
tree=$(git write-tree)
[ "$tree" = "$(field expected_tree)" ] || fail "the tree $tree comes out"
echo "the recipe holds: $tree"
