# Sourced, not run: P-256 certificates for the proxies, the application and a client, made anew for each run.

readonly certificates=$PWD/bench/work/certificates

# make_certificates: ca, app (server, for app.bench and 127.0.0.1), client; NAME.pem, NAME.key and, as HAProxy wants it, NAME.both.
make_certificates() {
  need openssl openssl || return 1
  rm -rf "$certificates"
  mkdir -p "$certificates"
  (
    cd "$certificates" || exit 1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=bench CA" \
      -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" || exit 1
    for name in app client; do
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.csr -subj "/CN=$name" || exit 1
      cat >$name.ext <<EXT
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=URI:spiffe://bench/ns/default/sa/$name$([[ $name == app ]] && echo ",DNS:app.bench,IP:127.0.0.1")
EXT
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext -out $name.pem || exit 1
      cat $name.pem $name.key >$name.both
    done
  ) >"$work/certificates.out" 2>&1 || { echo "bench: no certificates: $(tail -n 2 "$work/certificates.out")" >&2; return 1; }
}
