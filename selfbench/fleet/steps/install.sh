# Checks a model's archive and renames it into place. $1: workspace, $2: model, $3: SHA-256.
cd "$1"
[ "$(sha256sum ".incoming/$3.tar" | cut -d ' ' -f 1)" = "$3" ]
rm -rf ".incoming/$3.new" "models/$2/1"
mkdir -p ".incoming/$3.new" "models/$2"
tar -xf ".incoming/$3.tar" --no-same-owner -C ".incoming/$3.new"
chmod -R a+rX,u+w ".incoming/$3.new"
mv ".incoming/$3.new" "models/$2/1"
printf '%s' "$3" >".delivered/$2"
rm ".incoming/$3.tar"
