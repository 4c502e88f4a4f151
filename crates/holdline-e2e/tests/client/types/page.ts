/// <reference path="./holdline.d.ts" />
const news = holdline.connect("/", { channels: "news", since: "earliest" });
news.on("message", ({ data }) => console.log(data.length));
