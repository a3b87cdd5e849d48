// SPDX-License-Identifier: Apache-2.0
// What `image:` may say.
#include "control/catalog/image_reference.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(ImageReference, IsASourceAPathBelowTheImagesAndPerhapsATag) {
  using enum ImageSource;
  EXPECT_EQ(*parse_image_reference("oci:images/nginx"), (ImageReference{layout, "images/nginx", ""}));
  EXPECT_EQ(*parse_image_reference("oci:hello:v1.2"), (ImageReference{layout, "hello", "v1.2"}));
  EXPECT_EQ(*parse_image_reference("oci-archive:a/web.tar:v1"),
            (ImageReference{oci_archive, "a/web.tar", "v1"}));
  EXPECT_EQ(*parse_image_reference("docker-archive:web.tar"),
            (ImageReference{docker_archive, "web.tar", ""}));
  for (const char* text : {"oci:hello:v1.2", "oci-archive:a/web.tar", "docker-archive:web.tar:latest"})
    EXPECT_EQ(format(*parse_image_reference(text)), text);
}

TEST(ImageReference, RefusesWhatCouldLeaveTheFolder) {
  for (const char* text : {"", "oci:", "oci:/etc", "oci:../x", "oci:a/../b", "oci:a//b", "oci:a/", "oci:.",
                           "oci:a:", "oci:a:b:c", "oci:a:../b", "oci:a b", "oci:a\nb",
                           "oci-archive:", "oci-archive:/a.tar", "docker-archive:../a.tar"})
    EXPECT_FALSE(parse_image_reference(text)) << text;
  EXPECT_FALSE(parse_image_reference("oci:" + std::string(300, 'a')));
  for (const char* registry : {"nginx", "nginx:1.25", "docker://nginx", "example.org/a/b:c"})
    EXPECT_EQ(parse_image_reference(registry).error().code, Code::unsupported) << registry;
}

}  // namespace
}  // namespace fairlead
