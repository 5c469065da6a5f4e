// Signatures as Amazon's own documentation computes them.
#include "s3/sign.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "tests/support/poor_process.h"

namespace cleave::detail::s3 {
namespace {

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {}};
constexpr const char* kExampleGet =
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

std::string signature(std::string method, std::string path, std::vector<Parameter> query,
                      std::vector<Parameter> headers, std::string_view body,
                      const Credentials& credentials = kExample) {
  Signable form{std::move(method), std::move(path), std::move(query), std::move(headers),
                sha256_hex(body)};
  form.headers.push_back({"host", "examplebucket.s3.amazonaws.com"});
  form.headers.push_back({"x-amz-content-sha256", form.payload});
  form.headers.push_back({"x-amz-date", amz_date(1369353600)});
  const std::string all = authorization(form, credentials, "us-east-1", "20130524T000000Z");
  return all.substr(all.find("Signature=") + 10);
}

TEST(SignatureOfS3, IsAmazonsExample) {
  EXPECT_EQ(signature("GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, ""), kExampleGet);
  EXPECT_EQ(signature("PUT", "/" + encoded("test$file.text", true), {},
                      {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                      "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(signature("GET", "/", {{"lifecycle", ""}}, {}, ""),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, ""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Keys of HMAC that are longer than a block are hashed first. By Python's hmac.
TEST(SignatureOfS3, IsOfSecretKeysOfAnyLength) {
  const auto with = [](std::size_t length) {
    return signature("GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, "",
                     {kExample.access_key, std::string(length, 'x'), {}});
  };
  EXPECT_EQ(with(60), "02a71f28094b2e8192cbebaed57faa3f7004f84611553b08427f3d35877a3947");
  EXPECT_EQ(with(61), "979dfeb07fa1a7d32ec8fa420840f20b15eb15df1713654284930348e105cd89");
}

// A thread may still fetch while another one is in exit(3).
TEST(SignatureOfS3, IsMadeAfterOpenSSLHasCleanedUp) {
  EXPECT_TRUE(in_a_child([]() -> std::string {
    OPENSSL_cleanup();
    const std::string made = signature("GET", "/test.txt", {}, {{"range", "bytes=0-9"}}, "");
    return made == kExampleGet ? "" : made;
  }));
}

TEST(SignatureOfS3, EncodesWhatHasToBe) {
  EXPECT_EQ(encoded("a/b c+d=e&f~", false), "a%2Fb%20c%2Bd%3De%26f~");
  EXPECT_EQ(encoded("a/\xc3\xa4", true), "a/%C3%A4");
  EXPECT_EQ(encoded(std::vector<Parameter>{{"b", "/"}, {"a", "="}}), "a=%3D&b=%2F");
}

}  // namespace
}  // namespace cleave::detail::s3
